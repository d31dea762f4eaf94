import type { ExplainedStep, StepTimes } from '../model.ts';

/** The times that a move leaves in the log, in the order in which they come. */
export const MOMENTS = ['detected_at', 'decided_at', 'commanded_at', 'acknowledged_at', 'active_at'] as const;
export type Moment = (typeof MOMENTS)[number];
export type MoveTimes = Partial<StepTimes>;

export interface Span {
  readonly from: Moment;
  readonly to: Moment;
  /** Since the first moment, in milliseconds. */
  readonly startMs: number;
  /** May be below zero: two machines' clocks differ. */
  readonly ms: number;
  /** Which of the four stages it ends with, from 0; its colour. */
  readonly stage: number;
}

export interface Waterfall {
  readonly spans: readonly Span[];
  readonly totalMs: number;
  /** The connection was active again. */
  readonly done: boolean;
}

/** From each moment that is known to the next one that is. */
export function waterfallOf(times: MoveTimes): Waterfall {
  const known = MOMENTS.flatMap((moment, place) => {
    const atMs = Date.parse(times[moment] ?? '');
    return Number.isNaN(atMs) ? [] : [{ moment, place, atMs }];
  });
  const [first] = known;
  const spans = known.slice(1).map(({ moment, place, atMs }, i): Span => {
    const before = known[i] ?? { moment, atMs };
    return {
      from: before.moment,
      to: moment,
      startMs: before.atMs - (first?.atMs ?? before.atMs),
      ms: atMs - before.atMs,
      stage: place - 1,
    };
  });
  const ends = known.map(({ atMs }) => atMs - (first?.atMs ?? atMs));
  return { spans, totalMs: Math.max(0, ...ends), done: !Number.isNaN(Date.parse(times.active_at ?? '')) };
}

/**
 * The times of the whole move that a step ends; undefined for a step that ends none. A step's `decided_at` is its own, so
 * that of the move is that of the step which began it.
 */
export function timesOfMove(steps: readonly ExplainedStep[], step: ExplainedStep): MoveTimes | undefined {
  const { times, failover_id } = step;
  if (times.active_at === undefined || failover_id === undefined) return undefined;
  const first = steps.find((other) => other.failover_id === failover_id);
  return { ...times, decided_at: first?.times.decided_at ?? times.decided_at };
}

const NICE = [1, 2, 5];

/** Round steps from zero over the whole length, at most so many (three or more). */
export function axisOf(totalMs: number, ticksMax: number): number[] {
  if (totalMs <= 0) return [0];
  let stepMs = 1;
  for (let i = 0; totalMs / stepMs > ticksMax; i++) {
    stepMs = (NICE[i % NICE.length] ?? 1) * 10 ** Math.floor(i / NICE.length);
  }
  return Array.from({ length: Math.floor(totalMs / stepMs) + 1 }, (_, i) => i * stepMs);
}
