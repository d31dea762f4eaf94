import type { CloseRelayReason, DecisionReason } from '#libs/contracts';
import { ignore } from '../decider.ts';
import { type CommandSpec, closeRelay } from './commands.ts';
import { decided, nameOfPhase, standingOf } from './draft.ts';
import { follow } from './follow.ts';
import { isBefore, isLate, isSameLeg, legOf } from './legs.ts';
import { noted, startAnew } from './over.ts';
import { type FactOf, type FactStep, isClosed, type SessionOutcome, type SessionState } from './state.ts';

type Attached = FactOf<'controller-attached'>['data'];

/** The controller came again: it followed a redirection, or lost its broker. */
export function onControllerAttached(step: FactStep, data: Attached): SessionOutcome {
  const { state, input } = step;
  const told = legOf(input, data);
  if (isSameLeg(told, state.controller)) return ignore('duplicate');
  const wrong = whatIsWrong(step, data);
  if (wrong !== undefined) return turnAway(step, data, wrong);
  const isDoubted = isBefore(told, state.controller);
  // A relay is not given up for a word that is doubtful: who is really there comes again, with a later one.
  if (isLate(told, state.controller) || (isDoubted && isAssigned(state)))
    return turnAway(step, data, 'superseded');
  // It measured before; a controller that only followed does not measure again.
  const probes = told.probes ?? state.controller?.probes;
  const leg = { ...told, ...(probes === undefined ? {} : { probes }) };
  const { placement, phase, consented } = state;
  const commands = isDoubted ? letControllerGo(state) : [];
  // Its old leg may carry on until both ends are elsewhere.
  if (phase === 'draining')
    return noted(step, 'controller-attached', { after: { controller: leg }, commands });
  // A relay has its controller's leg for as long as it stands.
  if (placement?.opened || placement?.controller_attachment_id !== undefined) {
    return startAnew(step, 'controller-attached', { controller: leg });
  }
  if (placement === undefined || !consented) {
    return noted(step, 'controller-attached', { after: { controller: leg }, commands });
  }
  const next = follow(step, { ...state, controller: leg });
  const isNext = next.after.placement?.controller_attachment_id !== undefined;
  return decided(step, isNext ? 'connection-assigned' : nameOfPhase(state), {
    phase: next.phase,
    reason: 'controller-attached',
    after: standingOf(next.after),
    commands: [...next.commands, ...commands],
    dueMs: next.dueMs,
  });
}

/**
 * Two brokers told of the controller at nearly the same time, the later one first: by clocks that may differ nobody knows at
 * which of them it is. The leg that is not believed is closed, so that a controller that waits there comes again.
 */
function letControllerGo({ controller, epoch }: SessionState): CommandSpec[] {
  return controller ? [closeRelay(controller, epoch, 'superseded', controller.attachment_id)] : [];
}

/** The relay stands with the controller's leg that is known, or is about to. */
const isAssigned = ({ controller, placement }: SessionState): boolean =>
  controller !== undefined && placement?.controller_attachment_id === controller.attachment_id;

function whatIsWrong({ state }: FactStep, { identity }: Attached): Refusal | undefined {
  const { phase, controller_id } = state;
  if (phase === 'rejected') return 'unknown-code';
  if (controller_id !== identity) return 'wrong-identity';
  if (!isClosed(state)) return undefined;
  return phase === 'expired' ? 'expired' : 'closed';
}

type Refusal = Extract<
  CloseRelayReason,
  'unknown-code' | 'wrong-identity' | 'expired' | 'closed' | 'superseded'
>;

const REASON_OF: Readonly<Record<Refusal, DecisionReason>> = {
  'unknown-code': 'unknown-code',
  'wrong-identity': 'wrong-identity',
  expired: 'expired',
  closed: 'closed',
  superseded: 'moved',
};

/** The leg alone is closed; whatever else there is of the session stays. */
function turnAway(step: FactStep, data: Attached, why: Refusal): SessionOutcome {
  const { identity, broker_id, attachment_id } = data;
  return noted(step, REASON_OF[why], {
    commands: [closeRelay(data, step.state.epoch, why, attachment_id)],
    ...(why === 'superseded' ? {} : { rejected: { identity, broker_id, attachment_id, reason: why } }),
  });
}
