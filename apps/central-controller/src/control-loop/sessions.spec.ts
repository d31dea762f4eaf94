import { type SessionDecision, TOPIC, topicName } from '#libs/contracts';
import { followLog, type Log, MemoryBroker, type ReceivedEvent } from '#libs/log';
import { createLogger, Registry } from '#libs/platform';
import { healthReport } from '../../../../test/support/health-reports.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { ControlLoopPart } from './control-loop.part.ts';

const ID = 'ses_0123456789abcdefghij';
const PARTITIONS = 2;
const REGIONS = ['east', 'west'];
const LIFE: Readonly<Record<string, string>> = { 'broker-us-1': 'u1', 'broker-in-3': 'i3' };
const REGION_OF: Readonly<Record<string, string>> = { 'broker-us-1': 'east', 'broker-in-3': 'west' };

describe('the control loop of a session’s home', () => {
  let memory: MemoryBroker;
  let world: Log;
  let loop: ControlLoopPart;
  let said: number;
  const commands: ReceivedEvent[] = [];
  const decisions: { name: string; data: SessionDecision }[] = [];

  const loopOf = (name: string) => {
    const clock = { wallMs: () => Date.now(), monotonicMs: () => Date.now(), bootMs: () => Date.now() };
    const logger = createLogger({ name, level: 'silent' });
    const given = { clock, logger, observer: {}, metrics: new Registry(), peers: new Map() };
    const times = { fleetAgeMs: 60_000, peerDeadlineMs: 500, reservationMs: 15_000 };
    const options = { region: 'east', regions: REGIONS, partitions: PARTITIONS, ...times };
    return new ControlLoopPart(memory.log(name), options, given);
  };

  beforeEach(async () => {
    memory = new MemoryBroker();
    world = memory.log('world');
    said = 0;
    for (const list of [commands, decisions]) list.length = 0;
    for (const region of REGIONS) await world.ensureTopics(region, { partitions: PARTITIONS });
    await world.tail({
      topics: [topicName('east', TOPIC.relayCommands), topicName('east', TOPIC.failoverCommands)],
      from: 'earliest',
      onBatch: async ({ records }) => {
        commands.push(...(records as ReceivedEvent[]));
      },
    });
    await followLog(world, {
      topic: topicName('east', TOPIC.controllerEvents),
      observer: {},
      onStopped: (error) => {
        throw error;
      },
      onDecisions: async (batch) => {
        for (const { name, data } of batch.decisions) decisions.push({ name, data: data as never });
      },
    });
    for (const broker of Object.keys(LIFE)) await report(broker);
    loop = loopOf('loop');
    await loop.start();
  });
  afterEach(() => loop.stop());

  const publish = async (region: string, base: 'connectionStatus' | 'healthReports', event: object) => {
    said += 1;
    const about = { id: `${said}`, source: '/broker', topic: topicName(region, TOPIC[base]) };
    await world.publish([{ ...about, ...event } as never]);
  };
  const report = (agent_id: string, more: object = {}) => {
    const region = REGION_OF[agent_id] ?? 'east';
    const about = {
      agent_id,
      incarnation: LIFE[agent_id] ?? '',
      kind: 'broker' as const,
      control_region: region,
    };
    const data = healthReport({ ...about, address: '127.0.0.1:7443', capacity: 100, ...more });
    return publish(region, 'healthReports', { key: agent_id, type: 'health-report', data });
  };
  const say = (broker: string, type: string, data: object) => {
    const about = { connection_id: ID, home_region: 'east', agent_id: broker, broker_id: broker };
    const all = { ...about, incarnation: LIFE[broker], ...data };
    return publish(REGION_OF[broker] ?? 'east', 'connectionStatus', { key: ID, type, data: all });
  };
  const told = (name: string, agent: string) =>
    waitFor(() => commands.find((each) => each.name === name && each.key === agent));
  const request = () =>
    say('broker-us-1', 'connection-request', {
      kind: 'session',
      controller_id: 'technician',
      attachment_id: 'c-1',
      expires_at: new Date(Date.now() + 600_000).toISOString(),
    });
  const open = async () => {
    await request();
    await told('issue-code', 'broker-us-1');
    await say('broker-in-3', 'target-attached', { attachment_id: 't-1', identity: 'till-4' });
    await told('redirect-controller', 'broker-us-1');
    await say('broker-in-3', 'controller-attached', { attachment_id: 'c-2', identity: 'technician' });
    await told('open-relay', 'broker-in-3');
    await say('broker-in-3', 'relay-opened', { epoch: 1 });
    await waitFor(() => decisions.some(({ name }) => name === 'connection-activated'));
  };

  it('takes it from its code to its end by facts of both regions, and commands the brokers alone', async () => {
    await open();
    await say('broker-in-3', 'relay-closed', {
      epoch: 1,
      reason: 'hung-up',
      closed_by: 'target',
      bytes_up: 5,
    });
    await waitFor(() => decisions.some(({ name }) => name === 'connection-ended'));
    expect(decisions.map(({ name, data }) => `${name} ${data.phase}`)).toEqual([
      'connection-code-issued code-issued',
      'target-accepted redirecting',
      'connection-assigned redirecting',
      'connection-activated open',
      'connection-ended ended',
    ]);
    expect(decisions.at(-1)?.data).toMatchObject({ status: 'closed', traffic: { bytes_up: 5 } });
    expect([...new Set(commands.map(({ topic }) => topic))]).toEqual(['east.relay-commands']);
    expect(commands.map(({ name, key }) => `${name} ${key}`)).toEqual([
      'issue-code broker-us-1',
      'hold-target broker-in-3',
      'redirect-controller broker-us-1',
      'open-relay broker-in-3',
    ]);
  });

  it('tells a broker that reports its drain to let the session go', async () => {
    await open();
    await report('broker-in-3', { sequence: 2, draining: true });
    const drain = await told('drain', 'broker-in-3');
    expect(drain).toMatchObject({ topic: 'east.relay-commands', data: { connection_id: ID, epoch: 1 } });
    expect(decisions.at(-1)).toMatchObject({ name: 'session-interrupted', data: { phase: 'draining' } });
  });

  it('tells a broker that is to be left so itself, whether it carries anything or not', async () => {
    const data = { agent_id: 'broker-us-1', incarnation: 'u1', control_region: 'east', kind: 'broker' };
    const wish = { ...data, reason: 'upgrade', requested_by: 'operator' };
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      await publish('east', 'connectionStatus', {
        ...{ key: 'broker-us-1', partition, type: 'agent-drain-requested', data: wish },
      });
    }
    const drain = await told('drain', 'broker-us-1');
    expect(drain).toMatchObject({
      topic: 'east.relay-commands',
      data: { connection_id: 'broker-us-1', agent_id: 'broker-us-1', incarnation: 'u1', home_region: 'east' },
    });
    await publish('east', 'connectionStatus', {
      ...{ key: 'broker-us-1', type: 'command-succeeded' },
      data: {
        ...{ connection_id: 'broker-us-1', command_id: drain.id, command: 'drain', epoch: 1 },
        ...{ agent_id: 'broker-us-1', incarnation: 'u1', home_region: 'east' },
      },
    });
    await waitFor(() => decisions.at(-1)?.data.reason === 'answered');
    expect(decisions.map(({ name, data: { version } }) => `${name} ${version}`)).toEqual([
      'agent-draining 1',
      'agent-draining 2',
    ]);
  });

  it('goes on with it in another process, which sends what nobody answered once more', async () => {
    await request();
    const first = await told('issue-code', 'broker-us-1');
    await loop.stop();
    loop = loopOf('next');
    await loop.start();
    await waitFor(() => commands.filter(({ id }) => id === first.id).length === 2);
    await say('broker-in-3', 'target-attached', { attachment_id: 't-1', identity: 'till-4' });
    const hold = await told('hold-target', 'broker-in-3');
    expect(hold.data).toMatchObject({ epoch: 1, decision_id: `${ID}/2`, home_region: 'east' });
  });

  it('hears of the silence of its broker, and of its return in the same life', async () => {
    await open();
    const all = async (type: string) => {
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const data = { agent_id: 'broker-in-3', incarnation: 'i3', control_region: 'west', kind: 'broker' };
        await publish('west', 'connectionStatus', { key: 'broker-in-3', partition, type, data });
      }
    };
    await all('agent-silent');
    await waitFor(() => decisions.at(-1)?.data.phase === 'interrupted');
    // Nothing is placed on that life until it is heard again.
    await say('broker-in-3', 'target-attached', { attachment_id: 't-2', identity: 'till-4', resumed: true });
    const refused = await told('reject-target', 'broker-in-3');
    expect(refused.data).toMatchObject({ reason: 'other-broker', broker_id: 'broker-us-1' });
    await all('agent-returned');
    await waitFor(() => decisions.at(-1)?.name === 'session-resumed');
    expect(decisions.at(-1)?.data).toMatchObject({ phase: 'open', epoch: 1 });
  });
});
