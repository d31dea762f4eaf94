import type { Health } from '../model.ts';

/** Below this score the health monitor calls a connection degraded; over the other it has recovered. */
export const SCORE_DEGRADED = 60;
export const SCORE_RECOVERED = 80;

/** What of a connection tells how it is. */
export interface ConnectionHealth {
  readonly status: string;
  readonly phase?: string;
  readonly health_score?: number;
}

/** What of an agent tells how it is. */
export interface AgentHealth {
  readonly status: string;
  readonly draining?: boolean;
  readonly health_score?: number;
}

/** A score from 0 to 100; without one nothing is known. */
export function healthOfScore(score: number | undefined): Health {
  if (score === undefined) return 'idle';
  if (score >= SCORE_RECOVERED) return 'ok';
  return score >= SCORE_DEGRADED ? 'warn' : 'bad';
}

/** What a connection is doing counts before its score does. */
export function healthOfConnection({ status, phase, health_score }: ConnectionHealth): Health {
  if (status === 'failed') return 'bad';
  if (status === 'migrating') return 'warn';
  if (status !== 'active') return 'idle';
  if (phase === 'degraded') return 'warn';
  return health_score === undefined || health_score >= SCORE_DEGRADED ? 'ok' : 'warn';
}

export function healthOfAgent({ status, draining, health_score }: AgentHealth): Health {
  if (status === 'lost') return 'bad';
  if (status === 'suspect' || draining) return 'warn';
  if (status !== 'alive') return 'idle';
  return health_score !== undefined && health_score < SCORE_DEGRADED ? 'warn' : 'ok';
}

/** The word that stands for it where no better one is given. */
export const WORD_OF_HEALTH: Readonly<Record<Health, string>> = {
  ok: 'well',
  warn: 'attention',
  bad: 'failed',
  idle: 'unknown',
};

const WORSE: Readonly<Record<Health, number>> = { idle: 0, ok: 1, warn: 2, bad: 3 };

/** The health of a group of things is that of its worst one. */
export const worseHealth = (a: Health, b: Health): Health => (WORSE[a] >= WORSE[b] ? a : b);
