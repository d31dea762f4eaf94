import { loop } from '#libs/domain';
import type { Reported } from './slice.ts';

/**
 * How long before a decision a health report was taken at most so that it counted in it, in milliseconds. The log does
 * not say when a loop had read which report, so a decision may follow from the fleet as of any of these; the negative
 * one is for agents whose clocks are ahead.
 */
const LAGS_MS = [0, 25, 50, 100, 200, 400, 800, 1_600, 3_200, -500] as const;

export interface LaggingFleet {
  readonly lagMs: number;
  readonly fleet: loop.FleetView;
}

/** One fleet for each time that reports may have taken to be read. */
export class Fleets {
  readonly all: readonly LaggingFleet[];
  private readonly reports: readonly Reported[];
  /** By fleet: reports below were taken. */
  private readonly taken: number[];

  constructor(reports: readonly Reported[], fleetAgeMs: number, peers: ReadonlySet<string>) {
    this.reports = reports.toSorted((one, other) => one.atMs - other.atMs);
    this.all = LAGS_MS.map((lagMs) => ({ lagMs, fleet: new loop.FleetView(() => {}, fleetAgeMs, peers) }));
    this.taken = LAGS_MS.map(() => 0);
  }

  /** Time passed: each fleet takes the reports that it has read by now. */
  advance(nowMs: number): void {
    for (const [index, { lagMs, fleet }] of this.all.entries()) {
      let next = this.taken[index] ?? 0;
      for (; next < this.reports.length; next += 1) {
        const { report, atMs } = this.reports[next] as Reported;
        if (atMs + lagMs > nowMs) break;
        const takenMs = Math.max(atMs, atMs + lagMs);
        fleet.take(report, atMs, takenMs);
      }
      this.taken[index] = next;
      fleet.tick(nowMs);
    }
  }

  changed(key: string, before: loop.Aggregate | undefined, after: loop.Aggregate, nowMs: number): void {
    for (const { fleet } of this.all) fleet.changed(key, before, after, nowMs);
  }
}
