import { randomUUID } from 'node:crypto';
import { tailCommands } from '#libs/agent';
import { TOPIC, topicName } from '#libs/contracts';
import { KafkaLog, type ReceivedEvent } from '#libs/log';
import { createLogger, systemClock } from '#libs/platform';
import { waitFor } from '../../support/wait-for.ts';
import { KAFKA, PARTITIONS, readyBroker, runBroker } from './broker-process.ts';
import { type Running, TARGET, World } from './harness.ts';

describe('a broker on real Kafka', () => {
  const east = `t${randomUUID().slice(0, 8)}`;
  const log = new KafkaLog({ brokers: KAFKA.split(','), clientId: 'test' });
  const facts: ReceivedEvent[] = [];
  let world: World;

  beforeAll(async () => {
    await log.ensureTopics(east, { partitions: PARTITIONS });
    await log.tail({
      topics: [topicName(east, TOPIC.connectionStatus)],
      from: 'earliest',
      onBatch: async ({ records }) => {
        for (const record of records) if (record.readable) facts.push(record);
      },
    });
  });
  afterAll(() => log.close());
  beforeEach(() => {
    world = new World(east, log);
  });
  afterEach(() => world.clear());

  it('takes commands from relay-commands, drain among them, and answers into its own region', async () => {
    const broker: Running = await world.broker();
    const pair = await world.open(broker);
    const consumer = await tailCommands(
      { agentId: 'broker-1', base: TOPIC.relayCommands, regions: [east], partitions: PARTITIONS },
      log,
      broker.run.desk,
      systemClock,
      createLogger({ name: 'test', level: 'silent' }),
    );
    world.ends(() => consumer.stop());
    const id = randomUUID();
    await log.publish([
      {
        topic: topicName(east, TOPIC.relayCommands),
        key: 'broker-1',
        id: randomUUID(),
        type: 'drain',
        source: `/trunkline/${east}/control-loop`,
        data: {
          command_id: id,
          agent_id: 'broker-1',
          incarnation: broker.run.agent.vigil.incarnation,
          connection_id: pair.connectionId,
          epoch: 1,
          expires_at: new Date(Date.now() + 3_000).toISOString(),
          decision_id: 'd-1',
          home_region: east,
        },
      },
    ]);
    await pair.bob.got('goaway');
    const answer = await waitFor(() =>
      facts.find(({ data }) => (data as { command_id?: string }).command_id === id),
    );
    expect(answer).toMatchObject({
      name: 'command-succeeded',
      key: pair.connectionId,
      source: `spiffe://trunkline/${east}/broker/broker-1`,
    });
    expect(facts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['connection-request', 'target-attached', 'relay-opened']),
    );
  });
});

describe('the process of a broker', () => {
  const east = `t${randomUUID().slice(0, 8)}`;
  let world: World;
  beforeEach(() => {
    world = new World(east);
  });
  afterEach(() => world.clear());

  it('ends at once on a wrong configuration, and names everything that is wrong', async () => {
    const { ended } = await runBroker(world, {
      ...(await world.env()),
      TRUNKLINE_CODE_REGIONS: 'E=west',
      TRUNKLINE_BROKER_PORT: 'x',
    });
    await waitFor(() => ended.code !== undefined);
    expect(ended.code).toBe(1);
    expect(ended.text).toMatch(/TRUNKLINE_BROKER_PORT: "x"/);
    expect(ended.text).toMatch(new RegExp(`TRUNKLINE_CODE_REGIONS: .*must have a symbol for ${east}`));
  });

  it('ends with 0 when the control plane tells it to drain as a whole, and has answered then', async () => {
    const { ended, log, port } = await readyBroker(world, east);
    const bob = await world.endpointAt(port, TARGET, 'target');
    const said: ReceivedEvent[] = [];
    await log.tail({
      topics: [topicName(east, TOPIC.healthReports), topicName(east, TOPIC.connectionStatus)],
      from: 'earliest',
      onBatch: async ({ records }) => {
        for (const record of records) if (record.readable) said.push(record);
      },
    });
    const report = await waitFor(() => said.find(({ name }) => name === 'health-report'), {
      what: 'a report',
    });
    const { incarnation } = report.data as { incarnation: string };
    const command = { agent_id: 'broker-1', connection_id: 'broker-1', incarnation, epoch: 1 };
    const about = { command_id: 'broker-1/1/drain/broker-1', decision_id: 'broker-1/1', home_region: east };
    const expires_at = new Date(Date.now() + 3_000).toISOString();
    await log.publish([
      {
        ...{ topic: topicName(east, TOPIC.relayCommands), key: 'broker-1', id: about.command_id },
        ...{ type: 'drain', source: `/trunkline/${east}/control-loop` },
        data: { ...command, ...about, expires_at },
      },
    ]);
    // It has asked for nothing yet, and is not waited for any longer than it may take to.
    bob.say('bye', { reason: 'hung-up' });
    await waitFor(() => ended.code !== undefined, { what: 'the end' });
    expect(ended.code).toBe(0);
    const answer = await waitFor(() => said.find(({ name }) => name === 'command-succeeded'));
    expect(answer).toMatchObject({ key: 'broker-1', data: { ...command, command_id: about.command_id } });
    await waitFor(() => said.some(({ data }) => (data as { draining?: boolean }).draining === true));
  });

  it('is ready once it reads commands, and at SIGTERM sends everybody away, waits for them and ends', async () => {
    const { child, ended, port, admin } = await readyBroker(world, east);
    const metrics = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
    expect(metrics).toContain('trunkline_broker_legs{');
    expect((await fetch(`http://127.0.0.1:${admin}/health/active`)).status).toBe(404);

    const bob = await world.endpointAt(port, TARGET, 'target');
    bob.say('resume', { connection_id: 'ses_0123456789abcdef', home_region: east, role: 'target', epoch: 1 });
    await bob.heardOut();
    child.kill('SIGTERM');
    expect(await bob.got('refused')).toMatchObject({ reason: 'draining' });
    await waitFor(() => ended.code !== undefined, { what: 'the end' });
    expect(ended.code).toBe(0);
    expect(ended.text).toContain('"stopped"');
  });
});
