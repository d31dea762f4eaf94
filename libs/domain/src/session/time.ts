import { ignore, type TimeInput } from '../decider.ts';
import { isHeard } from '../placement/index.ts';
import { afterFailure, mayTryAgain } from './answers.ts';
import { startDrain } from './brokers.ts';
import { type CommandSpec, specOf } from './commands.ts';
import { isLeft } from './legs.ts';
import { end, isSilent, loseController, noted, startAnew } from './over.ts';
import { isClosed, type PendingCommand, type SessionOutcome, type SessionState, type Step } from './state.ts';

/** Time passed, or the fleet changed. At or after the due time this always decides something. */
export function onTime(step: Step<TimeInput>): SessionOutcome {
  const { state, input } = step;
  const overdue = state.pending.filter(({ giveUpMs }) => input.nowMs >= giveUpMs);
  if (overdue.length > 0) return onNoAnswer(step, overdue);
  if (state.dueMs !== undefined && input.nowMs >= state.dueMs) return onDue(step);
  if (state.phase === 'open') return leaveDraining(step);
  return ignore(isClosed(state) ? 'connection-ended' : 'not-due');
}

/** Nobody answered: issued again, so often; then what the command was for is taken to have failed. */
function onNoAnswer(step: Step, overdue: readonly PendingCommand[]): SessionOutcome {
  const dead = (pending: PendingCommand) => {
    const { agent_id: broker_id, incarnation } = pending.command;
    if (isSilent(step, { broker_id, incarnation }) || !mayTryAgain(pending)) return true;
    // What only frees something is not worth a decision where nobody seems to hear it.
    const shown = step.input.fleet.agents.get(broker_id);
    return !isEssential(pending) && (!isHeard(shown) || shown.incarnation !== incarnation);
  };
  const failed = overdue.find((pending) => isEssential(pending) && dead(pending));
  if (failed) {
    return afterFailure(step, failed, { why: 'command-timeout', values: { command: failed.command.name } });
  }
  const again = new Map<string, CommandSpec>();
  for (const pending of overdue) {
    const { name, agent_id } = pending.command;
    if (!dead(pending)) again.set(`${name}/${agent_id}`, specOf(pending.command));
  }
  return noted(step, 'command-timeout', { commands: [...again.values()] });
}

/** What the way to the relay hangs on; the rest only frees something sooner than it would be by itself. */
const isEssential = ({ command: { name } }: PendingCommand): boolean =>
  name === 'issue-code' || name === 'hold-target' || name === 'redirect-controller' || name === 'open-relay';

function onDue(step: Step): SessionOutcome {
  const { state } = step;
  switch (state.phase) {
    case 'code-issued':
      return end(step, 'expired', { reason: 'expired', close: 'expired' });
    case 'target-attached':
      return end(step, 'ended', { reason: 'no-consent', close: 'declined' });
    case 'redirecting':
      return notFollowed(step);
    case 'open':
      return leaveDraining(step);
    case 'draining':
      return startAnew(step, 'command-timeout', {});
    case 'interrupted':
      return end(step, 'ended', { reason: 'window-over', close: 'window-over' });
    case 'ended':
    case 'expired':
    case 'rejected':
      return ignore('connection-ended');
    default:
      return state.phase satisfies never;
  }
}

/** The controller did not come in time, or the broker did not splice it. */
function notFollowed(step: Step): SessionOutcome {
  const { state } = step;
  // Nobody was asked to come: the session waited for the controller to come by itself, as long as it does.
  if (isUnasked(state)) return end(step, 'ended', { reason: 'window-over', close: 'window-over' });
  const isBound = state.placement?.controller_attachment_id !== undefined;
  return isBound ? startAnew(step, 'command-timeout', {}) : loseController(step, 'not-redirected');
}

const isUnasked = ({ controller, placement }: SessionState): boolean =>
  controller === undefined && placement?.controller_attachment_id === undefined;

/** A broker that drains, as its reports or an operator say, is left by the sessions that stand there. */
function leaveDraining(step: Step): SessionOutcome {
  const { state, input } = step;
  const { placement } = state;
  if (placement && isLeft(input.fleet, placement)) return startDrain(step, placement, 'agent-draining');
  return state.dueMs === undefined ? ignore('no-change') : noted(step, 'answered', { dueMs: undefined });
}
