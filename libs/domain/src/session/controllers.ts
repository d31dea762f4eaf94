import type { CloseRelayReason, DecisionReason, SessionLeg } from '#libs/contracts';
import { ignore } from '../decider.ts';
import { msOf } from '../ids.ts';
import { type CommandSpec, closeRelay } from './commands.ts';
import { decided, nameOfPhase, standingOf } from './draft.ts';
import { follow } from './follow.ts';
import { isLate, isSameLeg, legOf } from './legs.ts';
import { noted, startAnew } from './over.ts';
import { type FactOf, type FactStep, isClosed, type SessionOutcome } from './state.ts';

type Attached = FactOf<'controller-attached'>['data'];

/** The controller came again: it followed a redirection, or lost its broker. */
export function onControllerAttached(step: FactStep, data: Attached): SessionOutcome {
  const { state, input } = step;
  const told = legOf(input, data);
  if (isSameLeg(told, state.controller)) return ignore('duplicate');
  const wrong = whatIsWrong(step, data);
  if (wrong !== undefined) return turnAway(step, data, wrong);
  if (isLate(told, state.controller)) return turnAway(step, data, 'superseded');
  // It measured before; a controller that only followed does not measure again.
  const probes = told.probes ?? state.controller?.probes;
  const leg = { ...told, ...(probes === undefined ? {} : { probes }) };
  const { placement, phase, consented } = state;
  const commands = closeDoubted(step, leg);
  // Its old leg may carry on until both ends are elsewhere.
  if (phase === 'draining')
    return noted(step, 'controller-attached', { after: { controller: leg }, commands });
  // A relay has its controller's leg for as long as it stands.
  if (placement?.opened || placement?.controller_attachment_id !== undefined) {
    return startAnew(step, 'controller-attached', { controller: leg }, commands);
  }
  if (placement === undefined || !consented) {
    return noted(step, 'controller-attached', { after: { controller: leg }, commands });
  }
  const next = follow(step, { ...state, controller: leg });
  const isAssigned = next.after.placement?.controller_attachment_id !== undefined;
  return decided(step, isAssigned ? 'connection-assigned' : nameOfPhase(state), {
    phase: next.phase,
    reason: 'controller-attached',
    after: standingOf(next.after),
    commands: [...next.commands, ...commands],
    dueMs: next.dueMs,
  });
}

/**
 * Two brokers tell of a leg at nearly the same time, the later one first: by clocks that may differ nobody knows on which of
 * them the controller is. The one that is not believed is closed, so that a controller that waits there comes again.
 */
function closeDoubted({ state }: FactStep, leg: SessionLeg): CommandSpec[] {
  const { controller: known, placement } = state;
  if (known === undefined || msOf(leg.attached_at) >= msOf(known.attached_at)) return [];
  const isCarried = placement?.opened && placement.controller_attachment_id === known.attachment_id;
  return isCarried ? [] : [closeRelay(known, state.epoch, 'superseded', known.attachment_id)];
}

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
