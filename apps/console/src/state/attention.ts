import type { Agent, Connection, Failover } from '../model.ts';
import type { World } from './fold.ts';

/** A move that is under way for so long is late, in milliseconds. */
const LATE_MOVE_MS = 10_000;

/** How far a move is, in one word. */
export const MOVE_STATES = ['done', 'under-way', 'waiting', 'held', 'given-up'] as const;
export type MoveState = (typeof MOVE_STATES)[number];

/** @param connection that moves, if it is known: once it stands or is over otherwise, an unfinished move is over as well */
export function moveStateOf(failover: Failover, connection?: Connection): MoveState {
  if (failover.active_at !== undefined) return 'done';
  if (failover.suppressed !== undefined) return 'held';
  if (connection?.phase === 'waiting-for-capacity') return 'waiting';
  const settled = connection?.status === 'active' || connection?.status === 'closed';
  return settled && connection.updated_at > failover.detected_at ? 'given-up' : 'under-way';
}

/** What an operator alone can let go on. */
export function waitsForApproval({ suppressed }: Failover): boolean {
  return suppressed?.reason === 'blast-radius' && suppressed.until === undefined;
}

export const isTroubled = ({ status, phase }: Connection): boolean =>
  status === 'failed' || phase === 'degraded' || phase === 'interrupted';

export const isAgentTroubled = ({ status, draining }: Agent): boolean =>
  status === 'lost' || status === 'suspect' || draining;

export interface Attention {
  readonly connections: number;
  readonly failovers: number;
  readonly agents: number;
}

/** How many of each somebody should look at. */
export function needsAttention(world: World, nowMs: number): Attention {
  let connections = 0;
  let failovers = 0;
  let agents = 0;
  for (const each of world.connections.values()) if (isTroubled(each)) connections += 1;
  for (const each of world.failovers.values()) {
    const state = moveStateOf(each, world.connections.get(each.connection_id));
    const isLate = state === 'under-way' && nowMs - Date.parse(each.detected_at) > LATE_MOVE_MS;
    if (state === 'held' || state === 'waiting' || isLate) failovers += 1;
  }
  for (const each of world.agents.values()) if (isAgentTroubled(each)) agents += 1;
  return { connections, failovers, agents };
}
