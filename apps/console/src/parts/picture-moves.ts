import type { Connection } from '../model.ts';
import { legsOf, pairOf } from './picture-model.ts';

/** Connections that left one place for another, counted by the pairs of nodes that they went between. */
export interface Move {
  readonly key: string;
  readonly fromPair: string;
  readonly toPair: string;
  readonly count: number;
  /** For people: whom they left, and where they went; agents' names. */
  readonly left: string | undefined;
  readonly went: string | undefined;
  readonly kind: 'link' | 'session';
}

/** More moves at once than this are not shown one by one; the largest are. */
export const MOVES_MAX = 48;

/**
 * Compares rows by identity first: a row that is the same object has not moved. A connection that is new, or gone, moves
 * nowhere. `shownAt` says which node stands for an agent.
 */
export function movesBetween(
  before: ReadonlyMap<string, Connection>,
  after: readonly Connection[],
  shownAt: (agentId: string) => string,
): Move[] {
  const moves = new Map<string, Move>();
  const pairFor = (from: string, to: string | undefined) =>
    pairOf(shownAt(from), to === undefined ? to : shownAt(to));
  for (const row of after) {
    const old = before.get(row.connection_id);
    if (old === undefined || old === row) continue;
    const oldLegs = legsOf(old);
    for (const [i, leg] of legsOf(row).entries()) {
      const oldLeg = oldLegs[i];
      if (oldLeg === undefined) continue;
      const fromPair = pairFor(oldLeg.from, oldLeg.to);
      const toPair = pairFor(leg.from, leg.to);
      if (fromPair === toPair) continue;
      const key = `${fromPair}\n${toPair}`;
      const kind = row.kind === 'session' ? 'session' : 'link';
      const isOtherClient = leg.to === oldLeg.to;
      const [left, went] = isOtherClient ? [oldLeg.from, leg.from] : [oldLeg.to, leg.to];
      moves.set(key, { key, fromPair, toPair, left, went, kind, count: (moves.get(key)?.count ?? 0) + 1 });
    }
  }
  return [...moves.values()].sort((a, b) => b.count - a.count).slice(0, MOVES_MAX);
}
