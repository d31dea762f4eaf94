import type { SessionPlacement } from '#libs/contracts';
import { ignore } from '../decider.ts';
import { SESSION_RULES } from '../policy.ts';
import { closeRelay, drainRelay } from './commands.ts';
import { decided } from './draft.ts';
import { interrupt, ledgerOf, loseController, noted } from './over.ts';
import {
  type FactOf,
  type FactStep,
  isClosed,
  isInDoubt,
  isOpen,
  type SessionOutcome,
  type Standing,
  type Step,
} from './state.ts';

/** Facts on a broker as a whole: it fell silent, is heard again, or is to be emptied. */

type AgentFact = FactOf<'agent-silent' | 'agent-returned' | 'agent-drain-requested'>['data'];
type Life = { readonly broker_id: string; readonly incarnation: string };

const isOf = (each: Life | undefined, { agent_id, incarnation }: AgentFact): boolean =>
  each?.broker_id === agent_id && each.incarnation === incarnation;

/** Nothing was heard of this life for long. Its relay, if one stood there, may stand still: a broker has no lease. */
export function onSilent(step: FactStep, { data }: FactOf<'agent-silent'>): SessionOutcome {
  const { state } = step;
  const { controller, placement, superseded } = state;
  if (isClosed(state)) return ignore('connection-ended');
  if (isOf(placement, data)) {
    if (isInDoubt(state)) return ignore('no-change');
    if (isOpen(state)) return interrupt(step, 'broker-lost', {});
    const gone: Standing = isOf(controller, data) ? { controller: undefined } : {};
    return interrupt(step, 'broker-lost', { after: { ...gone, target: undefined, placement: undefined } });
  }
  if (isOf(controller, data)) return loseController(step, 'broker-lost');
  if (isOf(superseded, data)) return noted(step, 'broker-lost', { after: { superseded: undefined } });
  return ignore(placement?.broker_id === data.agent_id ? 'stale-incarnation' : 'not-concerned');
}

/** The same life is heard of again: it was cut off, and carried on. */
export function onReturned(step: FactStep, { data }: FactOf<'agent-returned'>): SessionOutcome {
  const { state } = step;
  const { placement } = state;
  if (placement === undefined || !isOf(placement, data)) return ignore('not-concerned');
  if (isClosed(state)) {
    return noted(step, 'agent-returned', {
      after: { placement: undefined },
      commands: [closeRelay(placement, state.epoch, 'window-over')],
    });
  }
  if (!isInDoubt(state)) return ignore('no-change');
  return decided(step, 'session-resumed', {
    phase: 'open',
    reason: 'agent-returned',
    after: { windowEndsMs: undefined },
  });
}

export function onDrainRequested(step: FactStep, { data }: FactOf<'agent-drain-requested'>): SessionOutcome {
  const { placement } = step.state;
  if (isClosed(step.state)) return ignore('connection-ended');
  if (placement === undefined || placement.broker_id !== data.agent_id) return ignore('not-concerned');
  if (placement.incarnation !== data.incarnation) return ignore('stale-incarnation');
  const values = { reason: data.reason, requested_by: data.requested_by };
  return step.state.phase === 'open'
    ? startDrain(step, placement, 'agent-draining', values)
    : ignore('no-change');
}

/** An operator wants the session to be carried elsewhere. */
export function onMoveRequested(step: FactStep, { data }: FactOf<'failover-requested'>): SessionOutcome {
  const { phase, placement } = step.state;
  if (placement === undefined || phase !== 'open') return ignore('no-change');
  if (data.epoch !== undefined && data.epoch !== placement.epoch) {
    return ignore(data.epoch < placement.epoch ? 'stale-epoch' : 'future-epoch');
  }
  const values = { reason: data.reason, requested_by: data.requested_by };
  return startDrain(step, placement, 'operator-request', values);
}

/** Both ends are told to attach elsewhere while the relay stands. */
export function startDrain(
  step: Step,
  placement: SessionPlacement,
  reason: 'agent-draining' | 'operator-request',
  values?: Record<string, string>,
): SessionOutcome {
  const limitMs = SESSION_RULES.drainMs + SESSION_RULES.drainMarginMs;
  return decided(step, 'session-interrupted', {
    phase: 'draining',
    reason,
    after: { failover: ledgerOf(step, reason) },
    commands: [drainRelay(placement)],
    dueMs: step.input.nowMs + limitMs,
    values,
  });
}
