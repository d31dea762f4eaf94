import { loop } from '#libs/domain';
import type { Reported } from './slice.ts';

/**
 * How long before a decision a health report was taken at most so that it counted in it, in milliseconds. The log does
 * not say when a loop had read which report, so a decision may follow from the fleet as of any of these; the negative
 * one is for agents whose clocks are ahead.
 */
const LAGS_MS = [0, 25, 50, 100, 200, 400, 800, 1_600, 3_200, -500] as const;

/** Decisions of two partitions within this time may have been made in either order, in milliseconds. */
const TIE_MS = 1;
/** So many of them are moved before or behind another one at most. */
const TIES = 16;

/** What a decision made of one key. */
export interface Change {
  readonly partition: number;
  readonly atMs: number;
  readonly key: string;
  readonly before: loop.Aggregate | undefined;
  readonly after: loop.Aggregate | undefined;
}

const undone = ({ before, after, ...rest }: Change): Change => ({ ...rest, before: after, after: before });

/** The fleet after each of the changes, one more each time; at the end it is as it was. */
function* stepwise(fleet: loop.FleetView, changes: readonly Change[]): Generator<loop.FleetView> {
  const made: Change[] = [];
  const make = ({ key, before, after, atMs }: Change) => fleet.changed(key, before, after, atMs);
  try {
    for (const change of changes) {
      make(change);
      made.push(change);
      yield fleet;
    }
  } finally {
    for (const change of made.reverse()) make(undone(change));
  }
}

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
  private readonly recent: Change[] = [];

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

  changed(change: Change): void {
    const { key, before, after, atMs } = change;
    for (const { fleet } of this.all) fleet.changed(key, before, after, atMs);
    this.recent.push(change);
    while (atMs - (this.recent[0]?.atMs ?? atMs) > TIE_MS) this.recent.shift();
  }

  /**
   * Every fleet that a decision in this partition at this moment may have been made on, the likeliest first. Each is good
   * until the next one is asked for.
   * @param coming what other partitions decide next, in their order
   */
  *seenFrom(partition: number, atMs: number, coming: () => Iterable<Change>): Generator<loop.FleetView> {
    for (const { fleet } of this.all) yield fleet;
    const isElsewhere = (change: Change) =>
      change.partition !== partition && Math.abs(change.atMs - atMs) <= TIE_MS;
    const behind = this.recent.filter(isElsewhere).reverse().map(undone).slice(0, TIES);
    const ahead = [...coming()].filter(isElsewhere).slice(0, TIES);
    for (const { fleet } of this.all) {
      for (const changes of [behind, ahead]) yield* stepwise(fleet, changes);
    }
  }
}
