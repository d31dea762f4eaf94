import { pino } from 'pino';
import type { Decision } from '#libs/log';
import { createRegistry, type Registry } from '#libs/platform';
import { decisionObserver } from './decision-observer.ts';

const LINK = 'bank-client-1:primary';
const TOPIC = 'east.controller-events';
const TRACE = 'ab'.repeat(16);
const HEADERS = { traceparent: `00-${TRACE}-${'cd'.repeat(8)}-01`, ce_causationid: 'a fact' };
const LEDGER = {
  failover_id: `${LINK}~2`,
  reason: 'server-lost',
  detected_at: '2026-01-01T00:00:00.000Z',
  decided_at: '2026-01-01T00:00:00.040Z',
  commanded_at: '2026-01-01T00:00:00.060Z',
  active_at: '2026-01-01T00:00:00.300Z',
};

describe('what is told of a decision', () => {
  let lines: Record<string, unknown>[];
  let metrics: Registry;

  beforeEach(() => {
    lines = [];
    metrics = createRegistry('test');
  });

  function observer(level = 'info') {
    const base = {
      level,
      base: null,
      timestamp: false,
      formatters: { level: (label: string) => ({ level: label }) },
    };
    return decisionObserver(
      'east',
      metrics,
      pino(base, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    );
  }

  const decision = (name: string, data: object, key = LINK): Decision => ({
    key,
    id: `${key}/3`,
    name,
    timeMs: 0,
    data: {
      version: 3,
      epoch: 2,
      reason: 'established',
      evidence: [],
      rule: 'link/1',
      ...data,
    } as Decision['data'],
  });

  async function counted(name: string, labels: Record<string, string>): Promise<number | undefined> {
    const { values } = (await metrics.getSingleMetric(name)?.get()) ?? { values: [] };
    return values.find((value) =>
      Object.entries(labels).every(([label, text]) => value.labels[label] === text),
    )?.value;
  }

  it('is one line at info: what, on whom, why, where it stands, in which trace; nothing of its data beside', () => {
    const data = {
      phase: 'active',
      server_id: 'scheme-server-2',
      commands: [{ name: 'connect', address: '127.0.0.1:1' }],
      request: { metadata: { secret: 'payload' } },
    };
    observer().decided(TOPIC, decision('failover-completed', data), HEADERS);
    expect(lines).toEqual([
      {
        level: 'info',
        msg: 'decision',
        type: 'failover-completed',
        connection_id: LINK,
        reason: 'established',
        epoch: 2,
        version: 3,
        phase: 'active',
        server_id: 'scheme-server-2',
        commands: 1,
        trace_id: TRACE,
      },
    ]);
  });

  it('names the agent, or the region, where the decision is on one', () => {
    const { decided } = observer();
    decided(TOPIC, decision('agent-lost', {}, 'scheme-server-1'), {});
    decided(TOPIC, decision('freeze-changed', {}, 'region/east'), {});
    expect(lines[0]).toMatchObject({ type: 'agent-lost', agent_id: 'scheme-server-1' });
    expect(lines[1]).toMatchObject({ type: 'freeze-changed', control_region: 'east' });
    expect(lines.some((line) => 'connection_id' in line || 'trace_id' in line)).toBe(false);
  });

  it('is no line where nobody reads info, and is counted all the same', async () => {
    observer('warn').decided(TOPIC, decision('connection-activated', {}), HEADERS);
    expect(lines).toEqual([]);
    const labels = { topic: TOPIC, type: 'connection-activated' };
    expect(await counted('trunkline_decisions_appended_total', labels)).toBe(1);
  });

  it.each([
    ['failover-completed', 'completed'],
    ['failover-failed', 'failed'],
    ['failover-suppressed', 'suppressed'],
  ])('counts %s as a move that is %s, by what began it', async (name, outcome) => {
    observer().decided(TOPIC, decision(name, { failover: LEDGER }), HEADERS);
    expect(await counted('trunkline_failovers_total', { reason: 'server-lost', outcome })).toBe(1);
  });

  it('tells how long each phase of a completed move took', async () => {
    const { decided } = observer();
    decided(TOPIC, decision('failover-completed', { failover: LEDGER }), HEADERS);
    // Of two machines whose clocks differ.
    const behind = { ...LEDGER, detected_at: LEDGER.active_at };
    decided(TOPIC, decision('failover-completed', { failover: behind }), HEADERS);
    const text = await metrics.metrics();
    const sumOf = (phase: string) =>
      Number(new RegExp(`_sum\\{[^}]*phase="${phase}"[^}]*\\} (\\S+)`).exec(text)?.[1]);
    expect(['decide', 'command', 'activate', 'total'].map((phase) => sumOf(phase).toFixed(3))).toEqual([
      '0.040',
      '0.040',
      '0.480',
      '0.300',
    ]);
  });
});
