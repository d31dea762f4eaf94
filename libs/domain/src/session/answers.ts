import { ignore } from '../decider.ts';
import { SESSION_RULES } from '../policy.ts';
import { chooseFor } from './choice.ts';
import { type CommandSpec, rejectTarget, specOf } from './commands.ts';
import { decided } from './draft.ts';
import { end, endsRelay, loseController, loseTarget, noted, startAnew, targetGone } from './over.ts';
import type { FactOf, FactStep, PendingCommand, SessionOutcome, Step } from './state.ts';

type Answer = FactOf<'command-succeeded' | 'command-failed' | 'command-refused'>;

/** A broker answered a command. */
export function onAnswer(step: FactStep, { name, data }: Answer): SessionOutcome {
  const { state } = step;
  const pending = state.pending.find(({ command }) => command.command_id === data.command_id);
  if (pending === undefined) return ignore('unknown-command');
  const { command } = pending;
  if (command.agent_id !== data.agent_id || command.incarnation !== data.incarnation) {
    return ignore('stale-incarnation');
  }
  if (name === 'command-succeeded') return onSuccess(step, pending);
  const values = { command: command.name, reason: data.reason };
  // It came too late to be begun: nothing is known against the broker.
  if (name === 'command-refused' && data.reason === 'expired' && mayTryAgain(pending)) {
    return noted(step, 'command-refused', { commands: [specOf(command)], values });
  }
  return afterFailure(step, pending, {
    why: name,
    reason: data.reason,
    values,
  });
}

export const mayTryAgain = ({ attempt }: PendingCommand): boolean => attempt < SESSION_RULES.commandAttempts;

function onSuccess(step: FactStep, { command }: PendingCommand): SessionOutcome {
  const { state } = step;
  const values = { command: command.name };
  switch (command.name) {
    // The relay's own word follows, and counts.
    case 'open-relay':
      return ignore('no-change');
    case 'redirect-controller':
      return decided(step, 'controller-redirected', {
        phase: state.phase,
        reason: 'redirected',
        ...(state.phase === 'redirecting' ? { dueMs: step.input.nowMs + SESSION_RULES.redirectMs } : {}),
      });
    case 'issue-code':
    case 'hold-target':
    case 'reject-target':
    case 'drain':
      return noted(step, 'answered', { values });
    case 'close-relay':
      // Its broker has said by now what it carried.
      return noted(step, 'answered', {
        values,
        after: endsRelay(command, state.superseded) ? { superseded: undefined } : {},
      });
    default:
      return command satisfies never;
  }
}

export interface Failure {
  readonly why: 'command-failed' | 'command-refused' | 'command-timeout';
  /** The broker's word; absent: it said none. */
  readonly reason?: string;
  readonly values: Record<string, string>;
}

/** What follows from a command that was not carried out and is not issued again. */
export function afterFailure(
  step: Step,
  { command }: PendingCommand,
  { why, reason, values }: Failure,
): SessionOutcome {
  switch (command.name) {
    case 'issue-code':
      return end(step, 'ended', {
        reason: reason === 'controller-gone' ? 'controller-lost' : why,
        close: 'closed',
      });
    case 'hold-target':
      if (reason === 'target-gone') return targetGone(step, { values });
      return loseTarget(step, why, { commands: sendElsewhere(step, reason), values });
    case 'redirect-controller':
      return loseController(step, reason === 'controller-gone' ? 'controller-lost' : why);
    case 'open-relay':
      // Refused is not begun: the target is held still.
      if (reason === 'controller-gone' && why === 'command-refused') {
        return loseController(step, 'controller-lost');
      }
      if (reason === 'target-gone') return targetGone(step, { values });
      if (reason === 'full' || reason === 'draining') {
        return loseTarget(step, why, { commands: sendElsewhere(step, reason), values });
      }
      return startAnew(step, why, reason === undefined ? { controller: undefined } : {});
    case 'reject-target':
    case 'close-relay':
    case 'drain':
      return noted(step, why, { values });
    default:
      return command satisfies never;
  }
}

/** The broker has no room for a target that stands there: it is told of another, if there is one. */
function sendElsewhere({ state, input }: Step, reason: string | undefined): CommandSpec[] {
  const { target, target_id } = state;
  if ((reason !== 'full' && reason !== 'draining') || target === undefined || target_id === undefined)
    return [];
  if (input.kind !== 'fact') return [];
  const choice = chooseFor({ state, input }, target, new Map([[target.broker_id, reason]]));
  const about =
    choice.kind === 'elsewhere'
      ? {
          reason: 'other-broker' as const,
          broker_id: choice.agent.agent_id,
          address: choice.agent.address,
        }
      : { reason: 'no-capacity' as const };
  return [rejectTarget(target, state.epoch, { identity: target_id, ...about })];
}
