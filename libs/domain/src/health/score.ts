import type { ConnectionHealth } from '#libs/contracts';
import { HEALTH } from './constants.ts';

/** What lowered a score: term → points taken off; only those that took any. */
export type ScoreTerms = Readonly<Record<string, number>>;

export interface Score {
  /** 0 (worst) to 100. */
  readonly score: number;
  readonly terms: ScoreTerms;
}

/**
 * The health of one connection: 100 less the terms `missed`, `rtt`, `response`, `unanswered`. What was
 * not measured takes nothing off.
 * @param missedReports whole report intervals that passed without one.
 */
export function connectionScore(health: ConnectionHealth, missedReports = 0): Score {
  const { rttFreeMs, rttFullMs, rttMaxPoints, responseFreeMs, responseFullMs, responseMaxPoints } = HEALTH;
  const { unansweredFree, unansweredFull, unansweredMaxPoints } = HEALTH;
  return scoreOf({
    missed: missedTerm(missedReports),
    rtt: share(health.rtt_ms ?? 0, rttFreeMs, rttFullMs) * rttMaxPoints,
    response: share(health.response_p99_ms ?? 0, responseFreeMs, responseFullMs) * responseMaxPoints,
    unanswered: share(health.unanswered_ratio, unansweredFree, unansweredFull) * unansweredMaxPoints,
  });
}

/** The health of an agent: the mean of its connections' (100 without any) less its own missed reports. */
export function agentScore(connections: readonly ConnectionHealth[], missedReports = 0): Score {
  const total = connections.reduce((sum, each) => sum + connectionScore(each).score, 0);
  const mean = connections.length === 0 ? 100 : total / connections.length;
  return scoreOf({ missed: missedTerm(missedReports), connections: 100 - mean });
}

function missedTerm(missedReports: number): number {
  return Math.min(Math.max(0, missedReports) * HEALTH.missedPoints, HEALTH.missedMaxPoints);
}

/** How far a value is on the way from `free` (0) to `full` (1). */
function share(value: number, free: number, full: number): number {
  return Math.min(1, Math.max(0, (value - free) / (full - free)));
}

function scoreOf(points: Record<string, number>): Score {
  const terms: Record<string, number> = {};
  let score = 100;
  for (const [term, exact] of Object.entries(points)) {
    const rounded = Math.round(exact * 10) / 10;
    if (rounded === 0) continue;
    terms[term] = rounded;
    score -= rounded;
  }
  return { score: Math.max(0, Math.round(score * 10) / 10), terms };
}
