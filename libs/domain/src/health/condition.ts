import { HEALTH } from './constants.ts';

/** Where a connection stands between healthy and degraded, and how long it has leaned the other way. */
export interface Condition {
  readonly epoch: number;
  readonly degraded: boolean;
  /** Reports in a row that spoke for the other condition. */
  readonly leaning: number;
}

export interface ConditionChange {
  readonly condition: Condition;
  /** Set when the condition changed with this report. */
  readonly became?: 'degraded' | 'recovered';
}

/** A report's score for a connection. A new epoch begins healthy: it is another path. */
export function assess(known: Condition | undefined, epoch: number, score: number): ConditionChange {
  const before = known?.epoch === epoch ? known : { epoch, degraded: false, leaning: 0 };
  const against = before.degraded ? score > HEALTH.recoveredAbove : score < HEALTH.degradedBelow;
  if (!against) return { condition: { ...before, leaning: 0 } };
  const leaning = before.leaning + 1;
  const enough = before.degraded
    ? leaning >= HEALTH.recoveredReports
    : leaning >= HEALTH.degradedReports || score <= HEALTH.degradedAtOnce;
  if (!enough) return { condition: { ...before, leaning } };
  const degraded = !before.degraded;
  return { condition: { epoch, degraded, leaning: 0 }, became: degraded ? 'degraded' : 'recovered' };
}
