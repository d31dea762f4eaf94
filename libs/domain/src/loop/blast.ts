import type { BlastCount } from '../fleet.ts';
import * as link from '../link/index.ts';
import type { Aggregate } from './aggregate.ts';

/** Moves are counted by the second in which they were decided. */
const SECOND_MS = 1_000;

/**
 * How many links of each server group moved for which cause lately, over all partitions of this process. It mirrors
 * what the states say of their own moves, so that whoever folds the log counts the same; a link counts once a cause.
 */
export class BlastCounter {
  /** Links that live, by server group. */
  private readonly links = new Map<string, number>();
  /** By cause: the second of each link's latest move → how many. */
  private readonly moved = new Map<string, Map<number, number>>();

  change(previous: Aggregate | undefined, next: Aggregate | undefined): void {
    const [before, after] = [liveLink(previous), liveLink(next)];
    if (before?.request.server_group !== after?.request.server_group) {
      if (before) add(this.links, before.request.server_group, -1);
      if (after) add(this.links, after.request.server_group, 1);
    }
    if (before?.moves === after?.moves) return;
    for (const [cause, second] of latestOf(before)) this.count(cause, second, -1);
    for (const [cause, second] of latestOf(after)) this.count(cause, second, 1);
  }

  /** The window is kept to the second: what was decided in the second in which it begins still counts. */
  blast(cause: string, serverGroup: string, windowMs: number, nowMs: number): BlastCount {
    const begins = Math.floor((nowMs - windowMs) / SECOND_MS);
    let moved = 0;
    for (const [second, count] of this.moved.get(cause) ?? []) if (second >= begins) moved += count;
    return { moved, links: this.links.get(serverGroup) ?? 0 };
  }

  private count(cause: string, second: number, change: 1 | -1): void {
    const seconds = this.moved.get(cause) ?? new Map<number, number>();
    this.moved.set(cause, seconds);
    add(seconds, second, change);
    if (seconds.size === 0) this.moved.delete(cause);
  }
}

function liveLink(aggregate: Aggregate | undefined): link.LinkState | undefined {
  if (aggregate?.kind !== 'link' || link.isClosed(aggregate.state)) return undefined;
  return aggregate.state;
}

function latestOf(state: link.LinkState | undefined): Map<string, number> {
  const latest = new Map<string, number>();
  for (const { cause, atMs } of state?.moves ?? []) {
    const second = Math.floor(atMs / SECOND_MS);
    latest.set(cause, Math.max(latest.get(cause) ?? second, second));
  }
  return latest;
}

function add<K>(counts: Map<K, number>, key: K, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
