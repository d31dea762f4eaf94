import type { Agent, Connection, Failover } from '../model.ts';
import { isTroubled } from './attention.ts';

/** Filters of lists as they stand in the address; what is absent or empty lets all pass. */
export type Filters = Readonly<Record<string, string>>;

const SAME = ['status', 'kind', 'phase', 'home_region', 'client_id', 'server_id', 'broker_id'] as const;
const SEARCHED = ['connection_id', 'client_id', 'server_id', 'broker_id'] as const;

/** Every filter that is given must hold. `agent_id` is at either end, `q` is in any id. */
export function connectionsWith(rows: readonly Connection[], filters: Filters): readonly Connection[] {
  const same = SAME.filter((name) => filters[name]);
  const text = (filters.q ?? '').trim().toLowerCase();
  const { agent_id, attention } = filters;
  if (same.length === 0 && text === '' && !agent_id && !attention) return rows;
  return rows.filter(
    (row) =>
      same.every((name) => row[name] === filters[name]) &&
      (!attention || isTroubled(row)) &&
      (!agent_id || row.client_id === agent_id || row.server_id === agent_id || row.broker_id === agent_id) &&
      (text === '' || SEARCHED.some((name) => row[name]?.toLowerCase().includes(text))),
  );
}

const SAME_OF_FAILOVERS = ['connection_id', 'reason', 'from', 'to'] as const;

/** `agent_id` is the server that was left or chosen; `state` is how far the move is. */
export function failoversWith(
  rows: readonly Failover[],
  filters: Filters,
  stateOf: (row: Failover) => string,
): readonly Failover[] {
  const same = SAME_OF_FAILOVERS.filter((name) => filters[name]);
  const text = (filters.q ?? '').trim().toLowerCase();
  const { agent_id, state } = filters;
  return rows.filter(
    (row) =>
      same.every((name) => row[name] === filters[name]) &&
      (!state || stateOf(row) === state) &&
      (!agent_id || row.from === agent_id || row.to === agent_id) &&
      (text === '' ||
        [row.connection_id, row.from, row.to].some((each) => each?.toLowerCase().includes(text))),
  );
}

const SAME_OF_AGENTS = ['kind', 'status', 'control_region', 'server_group'] as const;

export function agentsWith(rows: readonly Agent[], filters: Filters): readonly Agent[] {
  const same = SAME_OF_AGENTS.filter((name) => filters[name]);
  const text = (filters.q ?? '').trim().toLowerCase();
  return rows.filter(
    (row) =>
      same.every((name) => row[name] === filters[name]) &&
      (!filters.draining || row.draining) &&
      (text === '' || [row.agent_id, row.location].some((each) => each?.toLowerCase().includes(text))),
  );
}

export function countBy<T>(things: Iterable<T>, keyOf: (thing: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const thing of things) {
    const key = keyOf(thing);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
