import { HEADER } from '#libs/contracts';
import type { FollowedDecision, LogPosition } from '#libs/log';

/** What a reader wants to see; every member that is given must hold. */
export interface LiveFilter {
  readonly types?: readonly string[];
  readonly connection_id?: string;
  readonly kind?: string;
  readonly region?: string;
  readonly agent_id?: string;
}

/** What decisions of the live stream are on. */
export const LIVE_KINDS = ['link', 'session', 'reservation', 'agent', 'region'] as const;

/** A decision as the stream tells it. */
export interface LiveEvent {
  readonly region: string;
  readonly partition: number;
  readonly offset: number;
  /** Behind it. */
  readonly position: LogPosition;
  readonly type: string;
  readonly kind: string;
  readonly connection_id?: string;
  /** Every agent that it names as one that carries, carried or is to carry. */
  readonly agents: ReadonlySet<string>;
  /** The lines of the event but for its id, ready to be sent. */
  readonly lines: Buffer;
}

export function liveEventOf(region: string, decision: FollowedDecision): LiveEvent {
  const { partition, offset, name: type, headers } = decision;
  const data = decision.data as Record<string, unknown>;
  const writer_epoch = Number(headers[HEADER.writerEpoch] ?? 0);
  const position = { offset: offset + 1, writer_epoch, writer_id: headers[HEADER.writerId] ?? '' };
  const { connection_id, agent_id } = data;
  const on = {
    ...(typeof connection_id === 'string' ? { connection_id } : {}),
    ...(typeof agent_id === 'string' ? { agent_id } : {}),
  };
  const time = new Date(decision.timeMs).toISOString();
  const item = { event_id: decision.id, type, time, partition, offset, region, ...on, data };
  return {
    region,
    partition,
    offset,
    position,
    type,
    kind: kindOf(data),
    ...('connection_id' in on ? { connection_id: on.connection_id } : {}),
    agents: agentsOf(data),
    lines: Buffer.from(`event: ${type}\ndata: ${JSON.stringify(item)}\n\n`),
  };
}

export function isWanted(event: LiveEvent, filter: LiveFilter): boolean {
  if (filter.region !== undefined && filter.region !== event.region) return false;
  if (filter.kind !== undefined && filter.kind !== event.kind) return false;
  if (filter.connection_id !== undefined && filter.connection_id !== event.connection_id) return false;
  if (filter.types !== undefined && !filter.types.includes(event.type)) return false;
  return filter.agent_id === undefined || event.agents.has(filter.agent_id);
}

function kindOf(data: Record<string, unknown>): string {
  if (typeof data.connection_id === 'string') return String(data.kind);
  return typeof data.agent_id === 'string' ? 'agent' : 'region';
}

/** Members that name an agent, in a decision, its placements, its move and its commands. */
const NAMES = [
  'agent_id',
  'client_id',
  'server_id',
  'broker_id',
  'failover_target',
  'from',
  'to',
  'from_client',
];
const PARTS = ['placement', 'superseded', 'failover', 'controller', 'target', 'standby'];

function agentsOf(data: Record<string, unknown>): ReadonlySet<string> {
  const { commands } = data;
  const parts = PARTS.map((part) => data[part]);
  const named = [data, ...parts, ...(Array.isArray(commands) ? commands : [])];
  const agents = new Set<string>();
  for (const each of named) {
    if (typeof each !== 'object' || each === null) continue;
    for (const name of NAMES) {
      const id = (each as Record<string, unknown>)[name];
      if (typeof id === 'string') agents.add(id);
    }
  }
  return agents;
}
