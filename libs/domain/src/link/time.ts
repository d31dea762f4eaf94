import type { Placement } from '#libs/contracts';
import { ignore, type TimeInput } from '../decider.ts';
import { msOf } from '../ids.ts';
import { newTarget } from './agents.ts';
import { leaveClient } from './client-drain.ts';
import { decided, type Step } from './draft.ts';
import { onFailbackTime, weighFailback } from './failback.ts';
import { startPlanned } from './held.ts';
import { isSameHold } from './judge.ts';
import { chooseOther, chooseTarget, giveUpOpening, stopAgain, stopDrained } from './move.ts';
import { movePlanned } from './operator.ts';
import { onNoAnswer } from './peer.ts';
import { placeNext } from './place.ts';
import { giveUpProbe } from './probe.ts';
import { openingUntilMs } from './probing.ts';
import { leaveUnanswered, weighDegraded } from './quality.ts';
import { isStandIn, type LinkOutcome, type LinkState } from './state.ts';

/** Time passed, or the fleet changed. At or after the due time this always decides something. */
export function onTime(step: Step & { input: TimeInput }): LinkOutcome {
  const { state, input } = step;
  const { placement } = state;
  const due = state.dueMs !== undefined && input.nowMs >= state.dueMs;
  switch (state.phase) {
    case 'requested':
    case 'waiting-for-capacity':
    case 'suppressed':
      return placeNext(step, {
        reason: due && state.phase === 'suppressed' ? 'suppression-over' : 'capacity-available',
        failover: state.failover,
        onlyIfPlaced: !due,
      });
    case 'assigned':
    case 'activating':
      if (!due) return ignore('not-due');
      return placement ? unopened(step, placement) : unplaced(step);
    case 'draining':
      return due && placement ? stopDrained(step, placement, 'command-timeout') : ignore('not-due');
    case 'stopping':
      return due && placement ? stopAgain(step, placement) : ignore('not-due');
    case 'active':
    case 'degraded':
      return carried(step, due);
    case 'ended':
    case 'rejected':
      return ignore('connection-ended');
    default:
      return state.phase satisfies never;
  }
}

/** The placement does not stand in time. */
function unopened(step: Step, placement: Placement): LinkOutcome {
  // The stand-in was only drained, and has the link again when the client does not take it.
  const { failover } = step.state;
  const untilMs = failover?.reason === 'failback' ? step.input.nowMs : openingUntilMs(step.state);
  return untilMs === undefined ? giveUpOpening(step, placement) : giveUpProbe(step, placement, untilMs);
}

/** Nobody told how the question to the peer ended. */
function unplaced(step: Step): LinkOutcome {
  const { asking } = step.state;
  return asking ? onNoAnswer(step, asking) : ignore('no-change');
}

function carried(step: Step, due: boolean): LinkOutcome {
  const { state, input } = step;
  const { placement, suppressed } = state;
  if (placement === undefined) return ignore('no-change');
  const { failbackAtMs } = state;
  if (failbackAtMs !== undefined && input.nowMs >= failbackAtMs) return onFailbackTime(step, placement);
  const untilMs = suppressed?.until === undefined ? undefined : msOf(suppressed.until);
  if (untilMs !== undefined && input.nowMs >= untilMs) return lookAgain(step, placement);
  if (!isHeld(state)) {
    const outcome = weighMove(step, placement, due);
    if (outcome.kind === 'append') return outcome;
    if (state.failover_target !== undefined && !isStandIn(state)) return outcome;
  }
  const target = state.failover_target === undefined ? newTarget(step) : ignore('not-due');
  return target.kind === 'append' || !isStandIn(state) ? target : weighFailback(step);
}

/** A freeze holds what can wait: a server that swallows requests is left. */
const isHeld = ({ suppressed, leave }: LinkState): boolean =>
  suppressed !== undefined && (suppressed.reason !== 'freeze' || leave !== 'unanswered-requests');

/** Whether a link that stands is to go elsewhere now. */
function weighMove(step: Step, placement: Placement, due: boolean): LinkOutcome {
  const { state } = step;
  const { leave } = state;
  if (leave === 'client-draining') {
    const outcome = leaveClient(step, placement, due && state.betterSinceMs === undefined);
    if (outcome.kind === 'append') return outcome;
  } else if (leave !== undefined) {
    const other = chooseOther(step);
    if (other.chosen && leave === 'unanswered-requests') {
      return leaveUnanswered(step, placement, other, undefined, state.health_score);
    }
    if (other.chosen) return startPlanned(step, { reason: leave, placement, choice: other }, leave);
    if (due && state.betterSinceMs === undefined)
      return movePlanned(step, placement, leave, undefined, leave);
  }
  return state.phase === 'degraded' ? weighDegraded(step, placement) : ignore('not-due');
}

/** What held back the move of a link that stands is over or changed: is the move still called for, and may it be made? */
export function lookAgain(step: Step, placement: Placement): LinkOutcome {
  const { suppressed, dueMs, ...rest } = step.state;
  const due = dueMs !== undefined && step.input.nowMs >= dueMs;
  const free: Step = { ...step, state: due ? { ...rest, dueMs } : rest };
  const outcome = weighMove(free, placement, due);
  if (outcome.kind === 'append') {
    const { suppressed: hold } = outcome.data;
    return hold && isSameHold(suppressed, hold) ? ignore('no-change') : outcome;
  }
  const other = chooseTarget(free);
  return decided(step, rest.phase === 'degraded' ? 'connection-marked-degraded' : 'connection-activated', {
    phase: rest.phase,
    reason: 'suppression-over',
    after: { failover_target: other.chosen?.agent_id },
    candidates: other.candidates,
    lifted: true,
  });
}
