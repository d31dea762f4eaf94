import type { RouteName } from '../router.ts';
import type { World } from './fold.ts';

export interface Hit {
  readonly name: Extract<RouteName, 'connection' | 'agent' | 'failover'>;
  readonly id: string;
  /** What tells it from its like. */
  readonly about: string;
}

/** Hits of each kind that are shown at most. */
const EACH = 6;

/** Ids that hold the text, whatever its case; those that begin with it first. */
export function search({ connections, agents, failovers }: World, text: string): Hit[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  return [
    ...best(connections.values(), wanted, (each) => each.connection_id).map((each) => ({
      name: 'connection' as const,
      id: each.connection_id,
      about: [each.phase, each.server_id ?? each.broker_id].filter(Boolean).join(', '),
    })),
    ...best(agents.values(), wanted, (each) => each.agent_id).map((each) => ({
      name: 'agent' as const,
      id: each.agent_id,
      about: [each.kind, each.control_region].filter(Boolean).join(', '),
    })),
    ...best(failovers.values(), wanted, (each) => each.failover_id).map((each) => ({
      name: 'failover' as const,
      id: each.failover_id,
      about: each.reason,
    })),
  ];
}

function best<T>(things: Iterable<T>, wanted: string, idOf: (thing: T) => string): T[] {
  const first: T[] = [];
  const others: T[] = [];
  for (const thing of things) {
    const at = idOf(thing).toLowerCase().indexOf(wanted);
    if (at === 0) first.push(thing);
    else if (at > 0 && others.length < EACH) others.push(thing);
    if (first.length >= EACH) break;
  }
  return [...first, ...others].slice(0, EACH);
}
