import type { Agent, Connection, Failover, Status } from '../model.ts';
import { type FiguresOf, figuresOf } from './figures.ts';
import { emptyWorld } from './fold.ts';

const NOW_MS = Date.parse('2026-01-01T12:00:00Z');
const at = (secondsAgo: number) => new Date(NOW_MS - secondsAgo * 1_000).toISOString();
const row = (id: string, status: string, phase = status): [string, Connection] => [
  id,
  {
    ...{ connection_id: id, kind: 'link', status, phase, epoch: 1, version: 1 },
    home_region: 'east',
    updated_at: at(9),
  },
];
const agent = (id: string, more: Partial<Agent> = {}): [string, Agent] => [
  id,
  { agent_id: id, draining: false, status: 'alive', ...more },
];
const move = (id: string, more: Partial<Failover>): [string, Failover] => [
  id,
  { failover_id: id, connection_id: id, reason: 'server-lost', detected_at: at(60), ...more },
];
const STATUS = { lag: [{ records: 3 }, { records: 4 }], registry: { state: 'whole' } } as unknown as Status;

function figures(given: Partial<FiguresOf>) {
  const known = { connectionsKnown: true, agentsKnown: true, moreFailovers: false };
  const all = { nowMs: NOW_MS, status: STATUS, isPast: false, ...known };
  return figuresOf({ world: emptyWorld(), ...all, ...given }).map(({ figure, detail, health }) => [
    figure,
    detail,
    health,
  ]);
}

describe('the figures', () => {
  it('say nothing, and nothing good, before anything was read', () => {
    const nothing = figures({ status: undefined, connectionsKnown: false, agentsKnown: false });
    expect(nothing.map(([figure, , health]) => [figure, health])).toEqual([
      ['–', undefined],
      ...Array(4).fill(['–', 'idle']),
    ]);
  });

  it('say that all is well when it is', () => {
    const world = {
      connections: new Map([row('a', 'active'), row('b', 'migrating')]),
      agents: new Map([agent('s')]),
      failovers: new Map([move('a', { active_at: at(59.9) }), move('b', { active_at: at(59.7) })]),
    };
    expect(figures({ world })).toEqual([
      ['2', '1 active, 1 moving', undefined],
      ['0', 'all is well', 'ok'],
      ['2', 'median 100 ms, worst 300 ms', 'ok'],
      ['1', '0 draining', 'ok'],
      ['7', 'records; registry whole', 'ok'],
    ]);
  });

  it('tell the worst of what is not', () => {
    const held = { suppressed: { reason: 'blast-radius', what: 'failover' } } as const;
    const world = {
      connections: new Map([row('a', 'failed', 'suppressed'), row('b', 'active', 'degraded')]),
      agents: new Map([agent('s', { status: 'lost' }), agent('t', { draining: true })]),
      // The second is older than an hour; what is held back counts all the same.
      failovers: new Map([move('a', {}), move('b', { ...held, detected_at: at(7_200) })]),
    };
    const status = { ...STATUS, registry: { state: 'unavailable' } };
    expect(figures({ world, status })).toEqual([
      ['2', '1 active, 0 moving', undefined],
      ['2', '1 failed, 1 degraded', 'bad'],
      ['1', '1 held back', 'bad'],
      ['2', '1 lost, 1 draining', 'bad'],
      ['7', 'records; registry unavailable', 'bad'],
    ]);
  });

  it('count the failovers of the hour as so many at least, while none of before it was read', () => {
    const failovers = new Map([move('a', { active_at: at(59) })]);
    const older = new Map([...failovers, move('b', { detected_at: at(7_200), active_at: at(7_199) })]);
    const shown = (known: typeof failovers, moreFailovers: boolean) =>
      figures({ world: { ...emptyWorld(), failovers: known }, moreFailovers })[2]?.[0];
    expect([shown(failovers, true), shown(failovers, false), shown(older, true)]).toEqual(['1+', '1', '1']);
  });

  it('of a past moment claim nothing of agents and of the process', () => {
    const world = { ...emptyWorld(), agents: new Map([agent('s', { status: 'unknown' })]) };
    expect(figures({ world, isPast: true }).slice(3)).toEqual([
      ['1', 'state of then is not kept', 'idle'],
      ['–', 'known of now only', 'idle'],
    ]);
  });
});
