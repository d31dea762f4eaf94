import type { Agent, Connection, Failover, LiveEvent } from '../model.ts';
import { emptyWorld, failoverAsOf, foldEvent, mergeAgent, mergeConnection, mergeFailover } from './fold.ts';

const TIME = '2026-01-01T00:00:10.000Z';
const ROW: Connection = {
  connection_id: 'c:1',
  kind: 'link',
  status: 'active',
  phase: 'active',
  epoch: 1,
  version: 2,
  home_region: 'east',
  client_id: 'c',
  server_id: 's-1',
  health_score: 97,
  last_heartbeat: '2026-01-01T00:00:09.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
};
const AGENT: Agent = {
  agent_id: 's-1',
  kind: 'server-sidecar',
  draining: false,
  status: 'alive',
  incarnation: 'life-1',
  version: 3,
  connections: 7,
};

function decision(type: string, data: object): LiveEvent {
  const { connection_id, agent_id } = data as { connection_id?: string; agent_id?: string };
  const on = { ...(connection_id && { connection_id }), ...(agent_id && { agent_id }) };
  return {
    event_id: 'e',
    type,
    time: TIME,
    partition: 0,
    offset: 1,
    region: 'east',
    ...on,
    data: { ...data },
  };
}

const moving = {
  ...{ connection_id: 'c:1', kind: 'link', status: 'migrating', phase: 'activating', epoch: 2, version: 3 },
  ...{ home_region: 'east', client_id: 'c', server_id: 's-2', decided_at: '2026-01-01T00:00:09.990Z' },
  failover: {
    failover_id: 'c:1~2',
    from: 's-1',
    to: 's-2',
    reason: 'server-lost',
    detected_at: TIME,
    decided_at: TIME,
  },
};

describe('a decision on a connection', () => {
  it('is its row, but for what reports tell', () => {
    const world = emptyWorld();
    world.connections.set('c:1', { ...ROW, failover_target: 's-2' });
    expect(foldEvent(world, decision('failover-decided', moving))).toBe('connection');
    // What the decision leaves out is not so any longer: there is no failover target now.
    expect(world.connections.get('c:1')).toEqual({
      ...ROW,
      ...{ status: 'migrating', phase: 'activating', epoch: 2, version: 3, server_id: 's-2' },
      updated_at: '2026-01-01T00:00:09.990Z',
    });
  });

  it('brings its move', () => {
    const world = emptyWorld();
    foldEvent(world, decision('failover-decided', moving));
    const suppressed = { reason: 'blast-radius', what: 'failover', cause: 'x' };
    expect(world.failovers.get('c:1~2')).toEqual({ connection_id: 'c:1', ...moving.failover });
    foldEvent(world, decision('failover-suppressed', { ...moving, version: 4, suppressed }));
    expect(world.failovers.get('c:1~2')?.suppressed).toEqual(suppressed);
    foldEvent(world, decision('failover-completed', { ...moving, version: 5 }));
    expect(world.failovers.get('c:1~2')).not.toHaveProperty('suppressed');
  });

  it('that is known already changes nothing', () => {
    const world = emptyWorld();
    world.connections.set('c:1', { ...ROW, version: 3 });
    expect(foldEvent(world, decision('failover-decided', moving))).toBeUndefined();
    expect(world.connections.get('c:1')?.phase).toBe('active');
  });

  it("of the peer's side is no row: it is an aggregate of its own under the same id", () => {
    const world = emptyWorld();
    const reserved = { ...moving, kind: 'reservation', version: 99 };
    expect(foldEvent(world, decision('server-reserved', reserved))).toBeUndefined();
    expect(world.connections.size).toBe(0);
  });
});

describe('a decision on an agent', () => {
  const lost = {
    agent_id: 's-1',
    incarnation: 'life-1',
    control_region: 'west',
    version: 4,
    decided_at: TIME,
  };

  it('says that it is lost, back, or to be left', () => {
    const world = emptyWorld();
    world.agents.set('s-1', AGENT);
    expect(foldEvent(world, decision('agent-lost', lost))).toBe('agent');
    expect(world.agents.get('s-1')).toMatchObject({ status: 'lost', version: 4, connections: 7 });
    foldEvent(world, decision('agent-recovered', { ...lost, incarnation: 'life-2', version: 5 }));
    foldEvent(world, decision('agent-draining', { ...lost, version: 6 }));
    expect(world.agents.get('s-1')).toMatchObject({ status: 'alive', draining: true });
  });

  it('of a life that is over says nothing of the present one', () => {
    const world = emptyWorld();
    world.agents.set('s-1', { ...AGENT, incarnation: 'life-2' });
    foldEvent(world, decision('agent-lost', lost));
    foldEvent(world, decision('agent-draining', { ...lost, version: 5 }));
    expect(world.agents.get('s-1')).toMatchObject({ status: 'alive', draining: false, version: 5 });
  });
});

it("a decision on a region's settings is for who reads them anew", () => {
  expect(foldEvent(emptyWorld(), decision('freeze-changed', { control_region: 'east' }))).toBe('settings');
});

describe('a row of a list', () => {
  it('that is older than what the stream told brings its health alone', () => {
    const connections = new Map([['c:1', { ...ROW, version: 5, phase: 'degraded' }]]);
    mergeConnection(connections, { ...ROW, health_score: 40 });
    expect(connections.get('c:1')).toMatchObject({ version: 5, phase: 'degraded', health_score: 40 });
    mergeConnection(connections, { ...ROW, version: 6, phase: 'ended' });
    expect(connections.get('c:1')).toMatchObject({ version: 6, phase: 'ended' });
  });

  it('of an agent that is older keeps what was decided', () => {
    const agents = new Map([['s-1', { ...AGENT, version: 4, status: 'lost' as const }]]);
    mergeAgent(agents, { ...AGENT, connections: 9 });
    expect(agents.get('s-1')).toMatchObject({ status: 'lost', version: 4, connections: 9 });
    mergeAgent(agents, { ...AGENT, version: 5 });
    expect(agents.get('s-1')?.status).toBe('alive');
  });

  it('of a move never takes back a time', () => {
    const failovers = new Map<string, Failover>();
    const move = { failover_id: 'f', connection_id: 'c:1', reason: 'x', detected_at: TIME };
    mergeFailover(failovers, { ...move, decided_at: TIME, active_at: TIME });
    mergeFailover(failovers, { ...move, decided_at: TIME });
    expect(failovers.get('f')).toHaveProperty('active_at', TIME);
  });
});

describe('a move as of a moment', () => {
  const move: Failover = {
    ...{ failover_id: 'f', connection_id: 'c:1', reason: 'server-lost', from: 's-1', to: 's-2' },
    detected_at: '2026-01-01T00:00:01.000Z',
    decided_at: '2026-01-01T00:00:02.000Z',
    commanded_at: '2026-01-01T00:00:03.000Z',
    active_at: '2026-01-01T00:00:04.000Z',
    suppressed: { reason: 'freeze', what: 'failback' },
  };
  const { suppressed: _later, ...whole } = move;

  it.each([
    ['2026-01-01T00:00:00.999Z', undefined],
    ['2026-01-01T00:00:01.000Z', { detected_at: whole.detected_at }],
    ['2026-01-01T00:00:02.500Z', { detected_at: whole.detected_at, decided_at: whole.decided_at, to: 's-2' }],
    ['2026-01-01T02:00:04.000+02:00', whole],
  ])('%s has come so far as one could know then', (at, known) => {
    const base = { failover_id: 'f', connection_id: 'c:1', reason: 'server-lost', from: 's-1' };
    expect(failoverAsOf(move, at)).toEqual(known && { ...base, ...known });
    expect(move.active_at).toBeDefined();
  });
});
