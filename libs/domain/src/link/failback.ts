import type { DecisionReason, Evidence, Placement } from '#libs/contracts';
import { ignore } from '../decider.ts';
import { frozenUntilMs, policyOf } from '../judgement/index.ts';
import { type Choice, choose } from '../placement/index.ts';
import { needOf } from './choice.ts';
import { see } from './client.ts';
import { decided, nameOfPhase, type Standing, type Step, unchanged } from './draft.ts';
import { failbackAfter } from './failback-time.ts';
import { startPlanned } from './held.ts';
import { ledger } from './move.ts';
import { isStandIn, type LinkOutcome } from './state.ts';

interface Why {
  readonly reason: DecisionReason;
  readonly values?: Evidence['values'] | undefined;
  readonly after?: Partial<Standing>;
  /** The link is to leave its client all the same, once it may. */
  readonly leave?: DecisionReason;
}

/** The client that asked for the link, if another carries it and this one could; absent: there is no going back now. */
export function clientToGoBackTo(step: Step): string | undefined {
  const { client_id } = step.state.request;
  return isStandIn(step.state) && see(step, client_id).isWell ? client_id : undefined;
}

/** Drains the link and moves it to its other client, on whichever server fits that best, the present one too. */
export function moveToClient(step: Step, placement: Placement, clientId: string, why: Why): LinkOutcome {
  const choice = serverFor(step, clientId);
  if (choice.chosen === undefined) return stay(step, placement, choice, why);
  return startPlanned(step, { ...why, placement, choice, carrier: clientId }, why.leave);
}

export const serverFor = (step: Step, clientId: string): Choice =>
  choose(needOf(step, step.state.backoffs, clientId), step.input.fleet);

function stay(step: Step, placement: Placement, choice: Choice, { reason, values, after }: Why): LinkOutcome {
  return decided(step, 'failover-failed', {
    ...unchanged(step.state),
    reason: 'no-other-server',
    ...(after ? { after } : {}),
    candidates: choice.candidates,
    failover: ledger(step, placement.server_id, reason),
    values,
  });
}

/** The time has come to go back, if the client that asked is well still, and nothing holds planned moves back. */
export function onFailbackTime(step: Step, placement: Placement): LinkOutcome {
  const { settings } = policyOf(step.state.request, step.input.fleet.settings);
  const clientId = clientToGoBackTo(step);
  if (clientId === undefined || settings.failback !== 'automatic') return notNow(step, 'client-unheard');
  const { nowMs, fleet } = step.input;
  const wellForMs = (fleet.agents.get(clientId)?.wellSinceMs ?? 0) + settings.failback_after_ms;
  // It was away, or began another life, since it was first well: the time it must be well for begins with its return.
  if (nowMs < wellForMs) return notNow(step, 'agent-returned', wellForMs);
  const nextMs = frozenUntilMs(fleet.settings, nowMs) ?? nowMs + settings.failback_after_ms;
  const outcome = moveToClient(step, placement, clientId, {
    reason: 'failback',
    after: { failbackAtMs: nextMs },
  });
  // What is held back is known already; only the time to look again moves.
  return outcome.kind === 'append' ? outcome : notNow(step, 'freeze', nextMs);
}

function notNow(step: Step, reason: DecisionReason, failbackAtMs?: number): LinkOutcome {
  return decided(step, nameOfPhase(step.state), {
    ...unchanged(step.state),
    reason,
    after: { failbackAtMs },
  });
}

/** The client that asked for the link is well again: from now on it must stay so. */
export function weighFailback(step: Step): LinkOutcome {
  const { state } = step;
  if (!isStandIn(state) || state.failbackAtMs !== undefined) return ignore('not-due');
  const failbackAtMs = failbackAfter(step);
  if (failbackAtMs === undefined) return ignore('not-due');
  return decided(step, nameOfPhase(state), {
    ...unchanged(state),
    reason: 'agent-returned',
    after: { failbackAtMs },
  });
}
