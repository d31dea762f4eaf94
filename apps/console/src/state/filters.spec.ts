import type { Agent, Connection, Failover } from '../model.ts';
import { moveStateOf, needsAttention, waitsForApproval } from './attention.ts';
import { agentsWith, connectionsWith, failoversWith } from './filters.ts';
import { emptyWorld } from './fold.ts';
import { search } from './search.ts';

const connection = (connection_id: string, more: Partial<Connection> = {}): Connection => ({
  ...{
    connection_id,
    kind: 'link',
    status: 'active',
    phase: 'active',
    epoch: 1,
    version: 1,
    home_region: 'east',
  },
  updated_at: '2026-01-01T00:00:00Z',
  ...more,
});
const ROWS = [
  connection('bank-1:a', { client_id: 'bank-1', server_id: 'scheme-1' }),
  connection('bank-1:b', { client_id: 'bank-1', server_id: 'scheme-2', phase: 'degraded' }),
  connection('bank-2:a', { client_id: 'bank-2', status: 'failed', phase: 'suppressed', home_region: 'west' }),
  connection('ses_1', { kind: 'session', broker_id: 'us-1', phase: 'open' }),
];
const idsOf = (rows: readonly Connection[]) => rows.map(({ connection_id }) => connection_id);

describe('filters of connections', () => {
  it('that say nothing let all pass, as the very same rows', () => {
    expect(connectionsWith(ROWS, { sort: '-epoch', at: 'then', q: ' ' })).toBe(ROWS);
  });

  it.each([
    [{ status: 'failed' }, ['bank-2:a']],
    [{ status: 'active', kind: 'link' }, ['bank-1:a', 'bank-1:b']],
    [{ q: 'SCHEME-2' }, ['bank-1:b']],
    [{ q: 'bank-1', server_id: 'scheme-1' }, ['bank-1:a']],
    [{ agent_id: 'us-1' }, ['ses_1']],
    [{ agent_id: 'bank-1' }, ['bank-1:a', 'bank-1:b']],
    [{ attention: '1' }, ['bank-1:b', 'bank-2:a']],
    [{ home_region: 'west' }, ['bank-2:a']],
    [{ q: 'nobody' }, []],
  ])('%j must all hold', (filters, ids) => {
    expect(idsOf(connectionsWith(ROWS, filters as Record<string, string>))).toEqual(ids);
  });
});

const MOVE: Failover = {
  ...{ failover_id: 'bank-1:a~2', connection_id: 'bank-1:a', from: 'scheme-1', to: 'scheme-2' },
  ...{ reason: 'server-lost', detected_at: '2026-01-01T00:00:01Z' },
};

describe('filters of failovers and agents', () => {
  it('know the server that was left and the one that was chosen', () => {
    const stateOf = () => 'done';
    expect(failoversWith([MOVE], { agent_id: 'scheme-2', state: 'done' }, stateOf)).toEqual([MOVE]);
    expect(failoversWith([MOVE], { from: 'scheme-2' }, stateOf)).toEqual([]);
    expect(failoversWith([MOVE], { state: 'held' }, stateOf)).toEqual([]);
  });

  it('know where an agent is', () => {
    const agents: Agent[] = [
      { agent_id: 's', draining: true, status: 'alive', location: 'zone-a', kind: 'broker' },
      { agent_id: 't', draining: false, status: 'lost' },
    ];
    expect(agentsWith(agents, { q: 'ZONE', kind: 'broker', draining: '1' })).toEqual([agents[0]]);
    expect(agentsWith(agents, { status: 'lost' })).toEqual([agents[1]]);
  });
});

describe('how far a move is', () => {
  const held = { suppressed: { reason: 'blast-radius', what: 'failover' } } as const;

  it.each([
    ['done', { active_at: '2026-01-01T00:00:02Z' }, {}],
    ['held', held, {}],
    ['waiting', {}, { status: 'failed', phase: 'waiting-for-capacity' }],
    ['under-way', {}, { status: 'migrating', updated_at: '2026-01-01T00:00:02Z' }],
    ['under-way', {}, { status: 'active', updated_at: '2026-01-01T00:00:00Z' }],
    ['given-up', {}, { status: 'active', updated_at: '2026-01-01T00:00:02Z' }],
    ['given-up', {}, { status: 'closed', updated_at: '2026-01-01T00:00:02Z' }],
  ])('%s', (state, move, row) => {
    expect(moveStateOf({ ...MOVE, ...move }, connection('bank-1:a', row))).toBe(state);
  });

  it('waits for an operator only where no time ends it', () => {
    expect(waitsForApproval({ ...MOVE, ...held })).toBe(true);
    const until = '2026-01-01T01:00:00Z';
    expect(waitsForApproval({ ...MOVE, suppressed: { ...held.suppressed, until } })).toBe(false);
    expect(waitsForApproval({ ...MOVE, suppressed: { reason: 'damping', what: 'failover' } })).toBe(false);
  });

  it('is for somebody to look at when it is held or late', () => {
    const world = { ...emptyWorld(), failovers: new Map([['a', MOVE]]) };
    const detectedMs = Date.parse(MOVE.detected_at);
    expect(needsAttention(world, detectedMs + 1_000).failovers).toBe(0);
    expect(needsAttention(world, detectedMs + 60_000).failovers).toBe(1);
  });
});

describe('the search', () => {
  const world = {
    connections: new Map(ROWS.map((row) => [row.connection_id, row])),
    agents: new Map([['bank-1', { agent_id: 'bank-1', draining: false, status: 'alive' as const }]]),
    failovers: new Map([[MOVE.failover_id, MOVE]]),
  };

  it('finds ids of every kind, whatever their case', () => {
    expect(search(world, ' BANK-1 ').map(({ name, id }) => `${name} ${id}`)).toEqual([
      'connection bank-1:a',
      'connection bank-1:b',
      'agent bank-1',
      'failover bank-1:a~2',
    ]);
    expect(search(world, '')).toEqual([]);
  });

  it('shows few of many, those that begin with the text first', () => {
    const many = [...Array(500).keys()].map((n) => connection(`x-${n}-bank`));
    const connections = new Map([...many, connection('bank-9')].map((row) => [row.connection_id, row]));
    const hits = search({ ...emptyWorld(), connections }, 'bank');
    expect([hits.length, hits[0]?.id]).toEqual([6, 'bank-9']);
  });
});
