import { SUSPICION } from './constants.ts';

/** How regularly one life of an agent has reported. */
export interface Regularity {
  readonly incarnation: string;
  readonly lastMs: number;
  /** What the agent says its interval is, in milliseconds. */
  readonly intervalMs: number;
  readonly intervals: number;
  readonly meanMs: number;
  readonly varianceMs2: number;
}

/** A report came. Times must be of one clock. A new life starts from nothing. */
export function heard(
  known: Regularity | undefined,
  incarnation: string,
  intervalMs: number,
  atMs: number,
): Regularity {
  if (known?.incarnation !== incarnation) {
    return { incarnation, lastMs: atMs, intervalMs, intervals: 0, meanMs: intervalMs, varianceMs2: 0 };
  }
  const gapMs = Math.max(0, atMs - known.lastMs);
  const difference = gapMs - known.meanMs;
  const meanMs = known.meanMs + SUSPICION.smoothing * difference;
  const varianceMs2 = (1 - SUSPICION.smoothing) * (known.varianceMs2 + SUSPICION.smoothing * difference ** 2);
  const lastMs = Math.max(known.lastMs, atMs);
  return { incarnation, lastMs, intervalMs, intervals: known.intervals + 1, meanMs, varianceMs2 };
}

/**
 * How long after its last report an agent becomes suspect, in milliseconds: from 1.5 intervals of a regular
 * one to 3 of an irregular one, and 3 until its regularity is known. Reports sent early, on a change,
 * never shorten it below the interval the agent states.
 */
export function toleranceMs(regularity: Regularity): number {
  const { startupIntervals, maxIntervals, minIntervals, deviations } = SUSPICION;
  const { intervalMs } = regularity;
  if (regularity.intervals < startupIntervals) return maxIntervals * intervalMs;
  const expectedMs = Math.max(intervalMs, regularity.meanMs) + deviations * Math.sqrt(regularity.varianceMs2);
  return Math.min(maxIntervals * intervalMs, Math.max(minIntervals * intervalMs, expectedMs));
}

export function isSuspect(regularity: Regularity, nowMs: number): boolean {
  return nowMs - regularity.lastMs > toleranceMs(regularity);
}

/** Whole intervals that passed without a report. */
export function missedReports(regularity: Regularity, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - regularity.lastMs) / regularity.intervalMs) - 1);
}
