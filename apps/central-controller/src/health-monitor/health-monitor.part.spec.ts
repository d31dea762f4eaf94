import type { HealthReport } from '#libs/contracts';
import { type Log, type LogRecord, MemoryBroker, type ReceivedEvent } from '#libs/log';
import { createLogger } from '#libs/platform';
import { agentDecision, claimEvent, decisionEvent } from '../../../../test/support/decisions.ts';
import { carriedHealth, healthReport } from '../../../../test/support/health-reports.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { HealthMonitorPart } from './health-monitor.part.ts';

const PARTITIONS = 3;
const LEASE_MS = 10_000;
const MARGIN_MS = 5_000;

const report = (changes: Partial<HealthReport> = {}) =>
  healthReport({ agent_id: 'bank-client-1', incarnation: 'first', lease_ms: LEASE_MS, ...changes });

const carrying = (unanswered_ratio: number) => ({
  connections: [carriedHealth('bank-client-1:primary', { epoch: 3, unanswered_ratio, in_flight: 1 })],
});

describe('the health monitor', () => {
  let broker: MemoryBroker;
  let agents: Log;
  let monitor: HealthMonitorPart;
  let bootMs: number;
  let facts: ReceivedEvent[];
  let deadLetters: LogRecord[];
  let published: number;

  beforeEach(async () => {
    broker = new MemoryBroker();
    agents = broker.log('agents');
    await agents.ensureTopics('east', { partitions: PARTITIONS });
    [facts, deadLetters, bootMs, published] = [[], [], 1_000_000, 0];
    await agents.tail({
      topics: ['east.connection-status', 'east.health-reports.dead-letter'],
      from: 'earliest',
      onBatch: async ({ topic, records }) => {
        if (topic.endsWith('.dead-letter')) deadLetters.push(...records);
        else facts.push(...(records as ReceivedEvent[]));
      },
    });
    const clock = { wallMs: () => Date.now(), monotonicMs: () => bootMs, bootMs: () => bootMs };
    monitor = new HealthMonitorPart(
      broker.log('monitor'),
      {
        region: 'east',
        regions: ['east'],
        partitions: PARTITIONS,
        fleetAgeMs: 15_000,
        leaseMarginMs: MARGIN_MS,
        watchIntervalMs: 5,
      },
      { clock, logger: createLogger({ name: 'monitor', level: 'silent' }), observer: {} },
    );
    await monitor.start();
  });
  afterEach(() => monitor.stop());

  const publish = async (data: HealthReport) => {
    published += 1;
    await agents.publish([
      {
        topic: 'east.health-reports',
        key: data.agent_id,
        id: `${published}`,
        type: 'health-report',
        source: '/a',
        data,
      },
    ]);
  };
  const named = (name: string) => facts.filter((fact) => fact.name === name);

  it('says on every partition that an agent is silent, once, lease and margin after its last report', async () => {
    await publish(report());
    bootMs += 1;
    await waitFor(() => monitor.hasHeard('bank-client-1'));
    bootMs += LEASE_MS + MARGIN_MS;
    await waitFor(() => named('agent-silent').length >= PARTITIONS);
    bootMs += 60_000;
    await publish(report({ agent_id: 'bank-client-2' }));
    await waitFor(() => monitor.hasHeard('bank-client-2'));
    const silent = named('agent-silent');
    expect(silent.map(({ partition }) => partition).sort()).toEqual([0, 1, 2]);
    expect(silent[0]?.data).toMatchObject({
      agent_id: 'bank-client-1',
      incarnation: 'first',
      control_region: 'east',
    });
  });

  it('says that a broker is silent after the default lease, and that it returned in the same life', async () => {
    const broker1 = { agent_id: 'broker-us-1', kind: 'broker' as const, control_region: 'east' };
    const { lease_ms: _, ...unleased } = report(broker1);
    await publish(unleased);
    await waitFor(() => monitor.hasHeard('broker-us-1'));
    bootMs += 60_000 + MARGIN_MS;
    await waitFor(() => named('agent-silent').length >= PARTITIONS);
    const writer = { writer_epoch: 1, writer_id: 'loop' };
    const [topic, partition] = ['east.controller-events', agents.partitionOf('broker-us-1', PARTITIONS)];
    const lost = { ...agentDecision('broker-us-1', 1, 'first'), control_region: 'east' };
    await agents.publish([claimEvent(topic, partition, writer), decisionEvent(topic, writer, lost)]);
    await waitFor(async () => {
      await publish({ ...unleased, sequence: published + 2 });
      return named('agent-returned').length >= PARTITIONS;
    });
    expect(named('agent-returned')[0]?.data).toMatchObject({ incarnation: 'first', kind: 'broker' });
    expect(new Set(named('agent-returned').map(({ id }) => id)).size).toBe(1);
  });

  it('does not take its own sleep for the silence of an agent', async () => {
    await publish(report());
    await waitFor(() => monitor.hasHeard('bank-client-1'));
    broker.freeze('monitor');
    await publish(report({ sequence: 2 }));
    bootMs += 600_000;
    broker.thaw('monitor');
    await publish(report({ sequence: 3, agent_id: 'bank-client-2' }));
    await waitFor(() => monitor.hasHeard('bank-client-2'));
    expect(named('agent-silent')).toEqual([]);
  });

  it('says that a link is degraded, by what, and that it recovered', async () => {
    await publish(report(carrying(1)));
    const [degraded] = await waitFor(() => (named('connection-degraded').length > 0 ? facts : undefined));
    expect(degraded?.data).toMatchObject({
      connection_id: 'bank-client-1:primary',
      home_region: 'east',
      epoch: 3,
      terms: { unanswered: 60 },
      unanswered_ratio: 1,
    });
    for (const sequence of [2, 3, 4]) await publish(report({ ...carrying(0), sequence }));
    await waitFor(() => named('connection-recovered').length === 1);
  });

  it('puts an unreadable report aside with its reason, and takes the next', async () => {
    await publish({ ...report(), capacity: -1 });
    await publish(report());
    await waitFor(() => monitor.hasHeard('bank-client-1'));
    await waitFor(() => deadLetters.length === 1);
    expect(deadLetters[0]?.headers).toMatchObject({
      dl_reason: 'invalid-data',
      dl_topic: 'east.health-reports',
    });
  });

  it('sends a misplaced report to its partition, puts aside one that is too large for that, and takes the next', async () => {
    const { agent_id: key } = report();
    const right = agents.partitionOf(key, PARTITIONS);
    const misplaced = (padding: string, data: HealthReport) => ({
      topic: 'east.health-reports',
      key,
      partition: (right + 1) % PARTITIONS,
      id: padding.slice(0, 8),
      type: 'health-report',
      source: '/a',
      headers: { padding },
      data,
    });
    await agents.publish([misplaced('x'.repeat(1_000_000), report()), misplaced('small', report())]);
    await waitFor(() => monitor.hasHeard(key));
    await waitFor(() => deadLetters.length === 1);
    expect(deadLetters[0]?.headers).toMatchObject({ dl_reason: 'oversized', dl_dropped_headers: '1' });
  });
});
