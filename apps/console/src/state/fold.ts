import type { Agent, Connection, Failover, LiveEvent, Suppressed } from '../model.ts';

/**
 * What a decision changes of what the page knows. A decision on a connection says all of its row (libs/registry folds the
 * same members); health and heartbeats are in reports, so those stay as the last list had them.
 */

export interface World {
  readonly connections: Map<string, Connection>;
  readonly agents: Map<string, Agent>;
  readonly failovers: Map<string, Failover>;
}

export function emptyWorld(): World {
  return { connections: new Map(), agents: new Map(), failovers: new Map() };
}

/** Members of a decision that make up a connection's row. */
const TEXTS = ['client_id', 'server_id', 'broker_id', 'failover_target'] as const;
const KINDS = ['link', 'session'];

/** Takes one decision into the maps. @returns what it changed, if anything */
export function foldEvent(world: World, event: LiveEvent): 'connection' | 'agent' | 'settings' | undefined {
  const { data } = event;
  if (typeof data.connection_id === 'string') {
    if (!KINDS.includes(String(data.kind))) return undefined;
    return foldConnection(world, data.connection_id, event) ? 'connection' : undefined;
  }
  if (typeof data.agent_id === 'string')
    return foldAgent(world.agents, data.agent_id, event) ? 'agent' : undefined;
  return 'settings';
}

function foldConnection({ connections, failovers }: World, id: string, { data, time }: LiveEvent): boolean {
  const known = connections.get(id);
  const version = Number(data.version);
  if (known !== undefined && known.version >= version) return false;
  connections.set(id, rowOf(id, data, time, known));
  const ledger = data.failover as Omit<Failover, 'connection_id'> | undefined;
  if (ledger !== undefined) failovers.set(ledger.failover_id, failoverOf(id, ledger, data));
  return true;
}

function rowOf(id: string, data: LiveEvent['data'], time: string, known: Connection | undefined): Connection {
  const row: Connection = {
    connection_id: id,
    kind: String(data.kind),
    status: String(data.status ?? ''),
    phase: String(data.phase ?? ''),
    epoch: Number(data.epoch ?? 0),
    version: Number(data.version),
    home_region: String(data.home_region ?? ''),
    updated_at: typeof data.decided_at === 'string' ? data.decided_at : time,
  };
  for (const member of TEXTS) {
    const value = data[member];
    if (typeof value === 'string') row[member] = value;
  }
  return { ...row, ...reportedOf(known) };
}

function failoverOf(
  id: string,
  { failover_id, from, to, reason, detected_at, decided_at, commanded_at, active_at }: Partial<Failover>,
  data: LiveEvent['data'],
): Failover {
  const suppressed = data.suppressed as Suppressed | undefined;
  return {
    connection_id: id,
    failover_id: failover_id ?? '',
    reason: reason ?? '',
    detected_at: detected_at ?? '',
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(decided_at !== undefined && { decided_at }),
    ...(commanded_at !== undefined && { commanded_at }),
    ...(active_at !== undefined && { active_at }),
    ...(suppressed !== undefined && { suppressed }),
  };
}

function foldAgent(agents: Map<string, Agent>, id: string, { type, data, time }: LiveEvent): boolean {
  const known: Agent = agents.get(id) ?? { agent_id: id, draining: false, status: 'alive' };
  const version = Number(data.version);
  if (known.version !== undefined && known.version >= version) return false;
  // What is decided is of one life; a later one has begun anew.
  const sameLife = known.incarnation === undefined || known.incarnation === data.incarnation;
  agents.set(id, {
    ...known,
    version,
    updated_at: typeof data.decided_at === 'string' ? data.decided_at : time,
    ...(typeof data.control_region === 'string' && { control_region: data.control_region }),
    ...(sameLife && type === 'agent-lost' && { status: 'lost' as const }),
    ...(type === 'agent-recovered' && { status: 'alive' as const }),
    ...(sameLife && type === 'agent-draining' && { draining: true }),
  });
  return true;
}

function reportedOf(row: Connection | undefined): Partial<Connection> {
  return {
    ...(row?.health_score !== undefined && { health_score: row.health_score }),
    ...(row?.last_heartbeat !== undefined && { last_heartbeat: row.last_heartbeat }),
  };
}

/** Takes a row of a list: one that is older than what the stream told brings its health alone. */
export function mergeConnection(connections: Map<string, Connection>, row: Connection): void {
  const known = connections.get(row.connection_id);
  const isOlder = known !== undefined && known.version > row.version;
  const next = isOlder ? { ...known, ...reportedOf(row) } : row;
  // A row that is as it was stays the same object: what is drawn of it need not be drawn again.
  if (known === undefined || !isSame(known, next)) connections.set(row.connection_id, next);
}

function isSame<T extends object>(a: T, b: T): boolean {
  const names = Object.keys(a) as (keyof T)[];
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** An agent's row of a list is never older in what is decided than by one decision; the next list mends that. */
export function mergeAgent(agents: Map<string, Agent>, row: Agent): void {
  const known = agents.get(row.agent_id);
  const isOlder = (known?.version ?? 0) > (row.version ?? 0);
  const next = isOlder && known ? { ...row, ...decidedOf(known) } : row;
  if (known === undefined || !isSame(known, next)) agents.set(row.agent_id, next);
}

function decidedOf({ status, draining, version, updated_at }: Agent): Partial<Agent> {
  return {
    status,
    draining,
    ...(version !== undefined && { version }),
    ...(updated_at !== undefined && { updated_at }),
  };
}

const LEDGER_TIMES = ['decided_at', 'commanded_at', 'active_at'] as const;

/** The further of two tellings of one move counts. */
export function mergeFailover(failovers: Map<string, Failover>, row: Failover): void {
  const known = failovers.get(row.failover_id);
  const reached = (each: Failover) => LEDGER_TIMES.filter((time) => each[time] !== undefined).length;
  if (known === undefined || reached(row) >= reached(known)) failovers.set(row.failover_id, row);
}

/** How many more than are kept there may be before the oldest are looked for. */
const SLACK = 500;

/** The oldest moves that are over leave, once there are many more than are kept. */
export function forgetOldest(failovers: Map<string, Failover>, most: number): void {
  if (failovers.size < most + SLACK) return;
  const over = [...failovers.values()].filter(({ active_at }) => active_at !== undefined);
  over.sort((a, b) => (a.detected_at < b.detected_at ? -1 : 1));
  for (const { failover_id } of over.slice(0, failovers.size - most)) failovers.delete(failover_id);
}

/** A move as one could know it then: what came later is left out. Undefined: it had not begun. */
export function failoverAsOf(failover: Failover, at: string): Failover | undefined {
  const atMs = Date.parse(at);
  if (!(Date.parse(failover.detected_at) <= atMs)) return undefined;
  const { suppressed: _now, ...then } = failover;
  for (const time of LEDGER_TIMES) {
    const reached = then[time];
    if (reached !== undefined && Date.parse(reached) > atMs) delete then[time];
  }
  if (then.decided_at === undefined) delete then.to;
  return then;
}
