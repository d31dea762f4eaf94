import { type ConnectionHealth, parseMessage } from '#libs/contracts';
import { createLogger, createRegistry } from '#libs/platform';
import type { AgentContext, Carrier } from './agent.ts';
import type { FactOutbox } from './fact-outbox.ts';
import { HealthReporter } from './health-reporter.ts';
import { AgentMetrics } from './metrics.ts';
import type { OutgoingRecord } from './ports.ts';
import { Vigil } from './vigil.ts';

function reporterAt(connections = 0) {
  const time = { ms: 1_000_000 };
  const clock = { bootMs: () => time.ms, monotonicMs: () => time.ms, wallMs: () => time.ms };
  const vigil = new Vigil({ clock, leaseMs: 60_000, asleepMs: 1_500 });
  const sent: OutgoingRecord[][] = [];
  const log = { isAway: false, takesMs: 0 };
  const acknowledged: string[] = [];
  const load = { ratio: 0 };
  const health: ConnectionHealth[] = Array.from({ length: connections }, (_, index) => ({
    connection_id: `bank:${index}`,
    epoch: 1,
    status: 'active',
    unanswered_ratio: 0,
    in_flight: 0,
  }));
  const carrier = {
    health: () => health,
    capacity: 10,
    get worstUnansweredRatio() {
      return load.ratio;
    },
  } as unknown as Carrier;
  const agent: AgentContext = {
    identity: { agentId: 'bank', kind: 'client-sidecar', region: 'east' },
    clock,
    log: createLogger({ name: 'test', level: 'silent' }),
    vigil,
    facts: {} as FactOutbox,
    metrics: new AgentMetrics(createRegistry('test'), 'sidecar'),
    changed: () => {},
  };
  const sink = {
    publish: async (records: OutgoingRecord[]) => {
      sent.push(records);
      time.ms += log.takesMs;
      if (log.isAway) throw new Error('away');
    },
  };
  const reporter = new HealthReporter(sink, agent, carrier, {
    topic: 'east.health-reports',
    source: 's',
    intervalMs: 5_000,
    leaseMs: 60_000,
    location: 'local',
    address: '127.0.0.1:1',
    softwareVersion: 'test',
    acknowledged: (incarnation) => acknowledged.push(incarnation),
  });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  /** Ticks every 100 ms, as the sidecar does. */
  const pass = async (forMs: number): Promise<void> => {
    for (const end = time.ms + forMs; time.ms < end; time.ms += 100) {
      vigil.look();
      reporter.tick();
      await settle();
    }
  };
  const reports = () => sent.flat().map(({ data }) => data as Record<string, unknown>);
  return { reporter, vigil, time, sent, log, acknowledged, load, pass, reports, settle };
}

describe('HealthReporter', () => {
  it('reports at once, then every interval, with a growing number', async () => {
    const { pass, reports } = reporterAt();
    await pass(11_000);
    expect(reports().map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(reports()[0]).toMatchObject({
      agent_id: 'bank',
      kind: 'client-sidecar',
      lease_ms: 60_000,
      draining: false,
    });
  });

  it('says what the contract takes', async () => {
    const { pass, reports } = reporterAt(3);
    await pass(100);
    expect(parseMessage('health-report', reports()[0])).toMatchObject({ ok: true });
  });

  it('renews the lease from before the send', async () => {
    const { pass, vigil, log } = reporterAt();
    log.takesMs = 700;
    await pass(100);
    expect(vigil.leaseLeftMs).toBeLessThanOrEqual(59_300);
    expect(vigil.leaseLeftMs).toBeGreaterThan(59_000);
  });

  it('renews nothing without an acknowledgement, and keeps trying', async () => {
    const { pass, vigil, log, reports } = reporterAt();
    log.isAway = true;
    await pass(11_000);
    expect(reports()).toHaveLength(3);
    expect(vigil.leaseLeftMs).toBe(0);
  });

  it('says once in each life that it is known, and begins to count anew', async () => {
    const { pass, vigil, log, acknowledged, reports } = reporterAt();
    await pass(6_000);
    const first = vigil.incarnation;
    log.isAway = true;
    await pass(66_000);
    log.isAway = false;
    await pass(6_000);
    expect(acknowledged).toEqual([first, vigil.incarnation]);
    expect(reports().filter(({ incarnation }) => incarnation === vigil.incarnation)[0]?.sequence).toBe(0);
  });

  it('reports soon when it is wanted, but at most once a second', async () => {
    const { pass, reporter, reports } = reporterAt();
    await pass(1_500);
    for (let count = 0; count < 5; count += 1) {
      reporter.want();
      await pass(400);
    }
    expect(reports().length).toBeGreaterThanOrEqual(3);
    expect(reports().length).toBeLessThanOrEqual(4);
  });

  it('reports soon when requests go unanswered, once for each step', async () => {
    const { pass, load, reports } = reporterAt();
    await pass(1_500);
    load.ratio = 0.3;
    await pass(2_000);
    expect(reports()).toHaveLength(2);
    load.ratio = 0.6;
    await pass(1_500);
    expect(reports()).toHaveLength(3);
  });

  it('puts more than 500 connections into parts of one number', async () => {
    const { pass, sent } = reporterAt(1_001);
    await pass(100);
    const parts = sent[0]?.map(({ data }) => data as { part: number; parts: number; connections: object[] });
    expect(parts?.map(({ part, parts: of, connections }) => [part, of, connections.length])).toEqual([
      [1, 3, 500],
      [2, 3, 500],
      [3, 3, 1],
    ]);
  });

  it('says that it drains', async () => {
    const { reporter, reports } = reporterAt();
    reporter.drain();
    await reporter.send();
    expect(reports()[0]).toMatchObject({ draining: true });
  });
});
