import type { DecisionReason, Placement } from '#libs/contracts';
import { type Fact, ignore } from '../decider.ts';
import type { Choice } from '../placement/index.ts';
import { scoreOf } from '../placement/index.ts';
import { LINK_POLICY } from '../policy.ts';
import { withFailure } from './backoff.ts';
import { needOf } from './choice.ts';
import { decided, type Step } from './draft.ts';
import { holdStanding, startPlanned } from './held.ts';
import { judge } from './judge.ts';
import { chooseOther, chooseTarget, startStopping } from './move.ts';

import { isCarried, type LinkOutcome } from './state.ts';

type Degraded = Extract<Fact, { name: 'connection-degraded' }>;
type Recovered = Extract<Fact, { name: 'connection-recovered' }>;

/** Requests stay unanswered: real links die so more often than by a reset. */
function unansweredDominates(terms: Readonly<Record<string, number>>): boolean {
  const unanswered = terms.unanswered ?? 0;
  return (
    unanswered >= LINK_POLICY.unansweredDominantPoints &&
    Object.values(terms).every((points) => points <= unanswered)
  );
}

/** The path carries, but badly. */
export function onDegraded(step: Step, { data }: Degraded): LinkOutcome {
  const { state } = step;
  const { placement } = state;
  if (placement === undefined || !isCarried(state)) return ignore('already-moving');
  const values = {
    health_score: data.health_score,
    ...data.terms,
    ...(data.unanswered_ratio === undefined ? {} : { unanswered_ratio: data.unanswered_ratio }),
  };
  const other = chooseOther(step);
  const unanswered = unansweredDominates(data.terms);
  if (unanswered && other.chosen) return leaveUnanswered(step, placement, other, values, data.health_score);
  const leave: DecisionReason | undefined = unanswered ? 'unanswered-requests' : state.leave;
  if (state.phase === 'degraded' && leave === state.leave) return ignore('no-change');
  return decided(step, 'connection-marked-degraded', {
    phase: 'degraded',
    reason: unanswered ? 'unanswered-requests' : 'degraded',
    after: { health_score: data.health_score, leave, failover_target: targetOf(step, other) },
    candidates: other.candidates,
    ...watch(step, isBetter(step, other, data.health_score), leave ? other.retryAtMs : undefined),
    values,
  });
}

/** At once and without a drain: nobody answers what a drain would wait for. */
export function leaveUnanswered(
  step: Step,
  placement: Placement,
  choice: Choice,
  values: Record<string, number> | undefined,
  healthScore: number | undefined,
): LinkOutcome {
  const { server_id, server_incarnation } = placement;
  const failure = { agent_id: server_id, incarnation: server_incarnation, blame: 'swallows' } as const;
  const backoffs = withFailure(step.state.backoffs, failure, step.input.nowMs);
  const { moves, hold } = judge(step, { reason: 'unanswered-requests' });
  const move = { reason: 'unanswered-requests', placement, choice, values } as const;
  if (hold) {
    const after = { health_score: healthScore };
    return holdStanding(step, { ...move, after, phase: 'degraded', leave: move.reason }, hold);
  }
  return startStopping(step, { ...move, after: { backoffs, health_score: healthScore, moves } });
}

export function onRecovered(step: Step, { data }: Recovered): LinkOutcome {
  const { state } = step;
  if (state.placement === undefined || !isCarried(state)) return ignore('already-moving');
  if (state.phase === 'active') return ignore('no-change');
  const other = chooseTarget(step);
  return decided(step, 'connection-activated', {
    phase: 'active',
    reason: 'recovered',
    after: {
      health_score: data.health_score,
      failover_target: other.chosen?.agent_id,
      leave: state.leave === 'unanswered-requests' ? undefined : state.leave,
    },
    candidates: other.candidates,
    // It does well again: only what somebody asked for is held on.
    lifted: state.suppressed?.reason !== 'freeze',
    values: { health_score: data.health_score, ...data.terms },
  });
}

/** A degraded link and the fleet as it is now: better capacity must exist, and stay better for a window. */
export function weighDegraded(step: Step, placement: Placement): LinkOutcome {
  const { state, input } = step;
  const due = state.dueMs !== undefined && input.nowMs >= state.dueMs;
  const other = chooseOther(step);
  const better = isBetter(step, other, state.health_score);
  const since = state.betterSinceMs;
  if (since !== undefined && better && due) {
    return startPlanned(step, { reason: 'better-capacity', placement, choice: other });
  }
  if (since !== undefined && better) return ignore('not-due');
  if (since === undefined && !due && (state.dueMs !== undefined || !better)) {
    return ignore(state.dueMs === undefined ? 'no-better-server' : 'not-due');
  }
  return decided(step, 'connection-marked-degraded', {
    phase: 'degraded',
    reason: 'degraded',
    after: { failover_target: targetOf(step, other) },
    candidates: other.candidates,
    // A server that stopped being better is not looked for again before a window has passed.
    ...(since !== undefined && !due
      ? { dueMs: input.nowMs + LINK_POLICY.betterWindowMs }
      : watch(step, better)),
  });
}

const targetOf = (step: Step, other: Choice): string | undefined =>
  (other.chosen ?? chooseTarget(step).chosen)?.agent_id;

/** From when a better server is watched, and when it will have been better for long enough. */
function watch(
  step: Step,
  better: boolean,
  otherwiseMs?: number,
): { betterSinceMs?: number; dueMs?: number | undefined } {
  const { nowMs } = step.input;
  return better
    ? { betterSinceMs: nowMs, dueMs: nowMs + LINK_POLICY.betterWindowMs }
    : { dueMs: otherwiseMs };
}

/** Whether the best other server would be so much better than the path as it does now. */
function isBetter(step: Step, other: Choice, healthScore: number | undefined): boolean {
  const { state, input } = step;
  const best = other.candidates[0]?.score;
  if (other.chosen === undefined || best === undefined) return false;
  const current = input.fleet.agents.get(state.placement?.server_id ?? '');
  if (current === undefined) return true;
  const health = Math.min(current.healthScore, healthScore ?? 100);
  const own = scoreOf({ ...current, healthScore: health }, needOf(step));
  return best >= own + LINK_POLICY.betterMarginPoints;
}
