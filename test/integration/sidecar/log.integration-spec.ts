import { randomUUID } from 'node:crypto';
import { tailCommands } from '#libs/agent';
import { type SidecarCommandName, TOPIC, topicName } from '#libs/contracts';
import { KafkaLog, type ReceivedEvent } from '#libs/log';
import { createLogger, systemClock } from '#libs/platform';
import { waitFor } from '../../support/wait-for.ts';
import { CLIENT, CONNECTION, type Running, World } from './harness.ts';

const BROKERS = (process.env.TRUNKLINE_KAFKA_BROKERS ?? '').split(',');
const PARTITIONS = 3;

describe('a sidecar on real Kafka', () => {
  const east = `t${randomUUID().slice(0, 8)}`;
  const west = `${east}w`;
  const log = new KafkaLog({ brokers: BROKERS, clientId: 'test' });
  const facts: ReceivedEvent[] = [];
  let world: World;

  beforeAll(async () => {
    for (const region of [east, west]) await log.ensureTopics(region, { partitions: PARTITIONS });
    await log.tail({
      topics: [east, west].map((region) => topicName(region, TOPIC.connectionStatus)),
      from: 'earliest',
      onBatch: async ({ records }) => {
        for (const record of records) if (record.readable) facts.push(record);
      },
    });
  });
  afterAll(() => log.close());
  beforeEach(() => {
    world = new World({ east, west }, log);
  });
  afterEach(() => world.clear());

  const answersTo = (commandId: string) =>
    facts.filter(({ data }) => (data as { command_id?: string }).command_id === commandId);
  const give = (to: Running, name: SidecarCommandName, id: string, members: Record<string, unknown>) =>
    log.publish([
      {
        topic: topicName(east, TOPIC.failoverCommands),
        key: to.agent.identity.agentId,
        id: randomUUID(),
        type: name,
        source: `/trunkline/${east}/control-loop`,
        data: {
          command_id: id,
          agent_id: to.agent.identity.agentId,
          incarnation: to.agent.vigil.incarnation,
          connection_id: CONNECTION,
          epoch: 1,
          expires_at: new Date(Date.now() + 3_000).toISOString(),
          decision_id: 'd-1',
          home_region: east,
          ...members,
        },
      },
    ]);

  async function listening(running: Running): Promise<void> {
    const options = {
      agentId: running.agent.identity.agentId,
      base: TOPIC.failoverCommands,
      regions: [east, west],
      partitions: PARTITIONS,
    };
    const logger = createLogger({ name: 'test', level: 'silent' });
    const consumer = await tailCommands(options, log, running.desk, systemClock, logger);
    world.ends(() => consumer.stop());
  }

  it('takes its commands from every region, answers each into its own, and a repeat the same again', async () => {
    const server = await world.server('server-1', [await world.backend()]);
    await listening(server);
    const id = randomUUID();
    await give(server, 'accept-client', id, { client_id: CLIENT });
    const [answer] = await waitFor(() => answersTo(id).length === 1 && answersTo(id));
    expect(answer).toMatchObject({
      name: 'command-succeeded',
      topic: topicName(west, TOPIC.connectionStatus),
      key: CONNECTION,
      source: `spiffe://trunkline/${west}/server-sidecar/server-1`,
      data: { home_region: east, agent_id: 'server-1', incarnation: server.agent.vigil.incarnation },
    });
    await give(server, 'accept-client', id, { client_id: CLIENT });
    await waitFor(() => answersTo(id).length === 2);
    expect(new Set(answersTo(id).map((event) => event.id)).size).toBe(2);
    expect(server.carrier.health()).toHaveLength(1);
  });

  it('refuses commands that were written for its earlier life before it started', async () => {
    const server = await world.server('server-1', [await world.backend()]);
    const id = randomUUID();
    await give(server, 'accept-client', id, { client_id: CLIENT, incarnation: 'an-earlier-life' });
    await listening(server);
    const [answer] = await waitFor(() => answersTo(id).length === 1 && answersTo(id));
    expect(answer).toMatchObject({ name: 'command-refused', data: { reason: 'other-incarnation' } });
  });

  it('skips what is no command and what is for others, and goes on', async () => {
    const server = await world.server('server-1', [await world.backend()]);
    await listening(server);
    await give(server, 'accept-client', randomUUID(), { epoch: 'one' });
    await give(server, 'accept-client', randomUUID(), { agent_id: 'server-2' });
    const id = randomUUID();
    await give(server, 'accept-client', id, { client_id: CLIENT });
    await waitFor(() => answersTo(id).length === 1);
    expect(server.carrier.health()).toHaveLength(1);
  });
});
