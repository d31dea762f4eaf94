import type { Fate, FateLine } from './fate-log.ts';

/** What `/control` tells beside its state. */
export interface Tallies {
  sent: number;
  approved: number;
  declined: number;
  timed_out: number;
  reversed: number;
  duplicated: number;
  swallowed: number;
  by_server: Record<string, number>;
}

/** Counts of fates, carried on from what an earlier life wrote down. */
export class Tally {
  readonly counts: Tallies = {
    sent: 0,
    approved: 0,
    declined: 0,
    timed_out: 0,
    reversed: 0,
    duplicated: 0,
    swallowed: 0,
    by_server: {},
  };

  constructor(earlier: readonly FateLine[]) {
    for (const line of earlier) this.add(line.fate, line.server);
  }

  add(fate: Fate, server?: string): void {
    this.counts[fate] += 1;
    if (fate === 'approved' && server !== undefined) {
      this.counts.by_server[server] = (this.counts.by_server[server] ?? 0) + 1;
    }
  }
}
