import type { Failover } from '../model.ts';

const HOUR_MS = 3_600_000;

export interface MovesSummary {
  /** Detected within the last hour. */
  readonly lastHour: number;
  readonly held: number;
  readonly underWay: number;
  /** From detected to active, of those of the last hour that are done, in milliseconds. */
  readonly medianMs: number | undefined;
  readonly worstMs: number | undefined;
  /** One that is over and older than the hour is known: then all of the hour are. */
  readonly isWhole: boolean;
}

export function summaryOfMoves(moves: Iterable<Failover>, nowMs: number): MovesSummary {
  const took: number[] = [];
  let lastHour = 0;
  let held = 0;
  let underWay = 0;
  let isWhole = false;
  for (const { detected_at, active_at, suppressed } of moves) {
    const detectedMs = Date.parse(detected_at);
    if (suppressed && active_at === undefined) held += 1;
    if (nowMs - detectedMs > HOUR_MS && active_at !== undefined) isWhole = true;
    if (detectedMs > nowMs || nowMs - detectedMs > HOUR_MS) continue;
    lastHour += 1;
    if (active_at !== undefined) took.push(Date.parse(active_at) - detectedMs);
    else if (suppressed === undefined) underWay += 1;
  }
  took.sort((a, b) => a - b);
  return {
    lastHour,
    held,
    underWay,
    medianMs: took[Math.floor((took.length - 1) / 2)],
    worstMs: took.at(-1),
    isWhole,
  };
}
