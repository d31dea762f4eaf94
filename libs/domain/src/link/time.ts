import { ignore, type TimeInput } from '../decider.ts';
import { newTarget } from './agents.ts';
import type { Step } from './draft.ts';
import { chooseOther, giveUpOpening, startDraining, stopAgain, stopDrained } from './move.ts';
import { movePlanned } from './operator.ts';
import { onNoAnswer } from './peer.ts';
import { placeNext } from './place.ts';
import { leaveUnanswered, weighDegraded } from './quality.ts';
import type { LinkOutcome } from './state.ts';

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
        reason: 'capacity-available',
        failover: state.failover,
        onlyIfPlaced: !due,
      });
    case 'assigned':
    case 'activating':
      if (!due) return ignore('not-due');
      return placement ? giveUpOpening(step, placement) : unplaced(step);
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

/** Nobody told how the question to the peer ended. */
function unplaced(step: Step): LinkOutcome {
  const { asking } = step.state;
  return asking ? onNoAnswer(step, asking) : ignore('no-change');
}

function carried(step: Step, due: boolean): LinkOutcome {
  const { state } = step;
  const { placement, leave } = state;
  if (placement === undefined) return ignore('no-change');
  if (leave !== undefined) {
    const other = chooseOther(step);
    if (other.chosen && leave === 'unanswered-requests') {
      return leaveUnanswered(step, placement, other, undefined, state.health_score);
    }
    if (other.chosen) return startDraining(step, { reason: leave, placement, choice: other });
    if (due && state.betterSinceMs === undefined)
      return movePlanned(step, placement, leave, undefined, leave);
  }
  if (state.phase === 'degraded') {
    const outcome = weighDegraded(step, placement);
    if (outcome.kind === 'append' || state.failover_target !== undefined) return outcome;
  }
  if (state.failover_target !== undefined) return ignore('not-due');
  return newTarget(step);
}
