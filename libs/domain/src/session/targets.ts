import type { Candidate, DecisionReason, LegRejection, SessionLeg, SessionPlacement } from '#libs/contracts';
import { ignore } from '../decider.ts';
import { iso } from '../ids.ts';
import { chooseFor } from './choice.ts';
import { type CommandSpec, holdTarget, rejectTarget } from './commands.ts';
import { decided, sessionPolicy, standingOf } from './draft.ts';
import { follow } from './follow.ts';
import { isLate, isSameLeg, legOf } from './legs.ts';
import { ledgerOf, letTargetGo } from './over.ts';
import { type FactOf, type FactStep, isClosed, isOpen, type SessionOutcome, type Standing } from './state.ts';

type Attached = FactOf<'target-attached'>['data'];

/** A target came, for the first time or again, or it consented. */
export function onTargetAttached(step: FactStep, data: Attached): SessionOutcome {
  const { state, input } = step;
  const leg = legOf(input, data);
  if (isSameLeg(leg, state.target)) {
    const agrees = data.consented !== false && !state.consented && data.identity === state.target_id;
    return agrees && !isClosed(state) ? onConsent(step) : ignore('duplicate');
  }
  const wrong = whatIsWrong(step, data);
  if (wrong !== undefined) return turnAway(step, { data, leg, reason: wrong });
  const { placement } = state;
  if (placement !== undefined && isLate(leg, state.target)) {
    const { broker_id, address } = placement;
    return turnAway(step, { data, leg, reason: 'other-broker', to: { broker_id, address } });
  }
  const choice = chooseFor(step, leg);
  const { candidates } = choice;
  switch (choice.kind) {
    case 'here':
      return accept(step, { data, leg, address: choice.address, candidates });
    case 'elsewhere': {
      const { agent_id: broker_id, address } = choice.agent;
      return turnAway(step, { data, leg, reason: 'other-broker', to: { broker_id, address }, candidates });
    }
    case 'nowhere':
      return turnAway(step, { data, leg, reason: 'no-capacity', candidates });
    default:
      return choice satisfies never;
  }
}

/** Why nobody of this identity may be the session's target, or not by what it showed. */
function whatIsWrong({ state, input }: FactStep, data: Attached): LegRejection | undefined {
  const { phase, target_id, expiresMs = 0 } = state;
  if (phase === 'rejected') return 'unknown-code';
  if (phase === 'expired') return 'expired';
  if (phase === 'ended') return 'closed';
  if (target_id !== undefined) {
    const isSame = data.identity === target_id && (data.guest ?? false) === (state.guest ?? false);
    if (!isSame) return data.resumed ? 'wrong-identity' : 'used';
    // Another program of this identity may not take it from the first; who lost its leg before it was told the id may
    // come again with the code, and while the relay stands, nobody has.
    const isTaken = isOpen(state) || (state.target !== undefined && !data.again);
    return isTaken && !data.resumed ? 'used' : undefined;
  }
  // The id is no secret: without the code it lets nobody in.
  if (data.resumed) return 'wrong-identity';
  if (input.nowMs >= expiresMs) return 'expired';
  return data.guest && !sessionPolicy(input).settings.guest_targets ? 'not-allowed' : undefined;
}

const REASON_OF: Readonly<Record<LegRejection, DecisionReason>> = {
  'unknown-code': 'unknown-code',
  expired: 'expired',
  used: 'used',
  'not-allowed': 'not-allowed',
  'other-broker': 'other-broker',
  'no-capacity': 'no-capacity',
  closed: 'closed',
  'wrong-identity': 'wrong-identity',
};

interface TurnedAway {
  readonly data: Attached;
  readonly leg: SessionLeg;
  readonly reason: LegRejection;
  readonly to?: { readonly broker_id: string; readonly address: string };
  readonly candidates?: Candidate[];
}

/** The target is told why, and where to go if there is somewhere. */
function turnAway(step: FactStep, { data, leg, reason, to, candidates }: TurnedAway): SessionOutcome {
  const { state } = step;
  const { identity } = data;
  const { broker_id, attachment_id } = leg;
  return decided(step, 'target-rejected', {
    phase: state.phase,
    reason: REASON_OF[reason],
    after: to === undefined ? {} : { advised: to.broker_id },
    commands: [rejectTarget(leg, state.epoch, { identity, reason, ...to })],
    rejected: { identity, broker_id, attachment_id, reason },
    candidates,
  });
}

interface Accepted {
  readonly data: Attached;
  readonly leg: SessionLeg;
  readonly address: string;
  readonly candidates: Candidate[];
}

/** A placement at the broker where the target is, under the next epoch; the one before is over, or is so once both ends moved. */
function accept(step: FactStep, { data, leg, address, candidates }: Accepted): SessionOutcome {
  const { state, input } = step;
  const { controller_id = '', opened } = state;
  const placement = placementAt(leg, address, state.epoch + 1);
  const reason = state.phase === 'draining' ? 'agent-draining' : 'target-attached';
  const ledger = ledgerOf(step, reason);
  const now = iso(input.nowMs);
  const standing: Standing = {
    ...state,
    target_id: data.identity,
    guest: data.guest ?? false,
    consented: data.consented ?? (data.resumed ? (state.consented ?? false) : true),
    target: leg,
    placement,
    superseded: supersededBy(step),
    surviveMs: data.survive_ms ?? state.surviveMs,
    advised: undefined,
    failover: ledger && { ...ledger, to: placement.broker_id, decided_at: now, commanded_at: now },
    opened,
  };
  const next = follow(step, standing);
  return decided(step, 'target-accepted', {
    phase: next.phase,
    reason: 'target-attached',
    after: standingOf(next.after),
    commands: [
      holdTarget(placement, data.identity, controller_id),
      ...next.commands,
      ...closeUnopened(step, placement),
    ],
    candidates,
    dueMs: next.dueMs,
  });
}

const placementAt = (leg: SessionLeg, address: string, epoch: number): SessionPlacement => ({
  epoch,
  broker_id: leg.broker_id,
  incarnation: leg.incarnation,
  region: leg.region,
  address,
  target_attachment_id: leg.attachment_id,
});

/**
 * The placement whose relay may go on until both ends are at the next. The same broker drops it by itself, and has yet to say
 * what it carried, or that an end hung up on it meanwhile.
 */
const supersededBy = ({ state }: FactStep): SessionPlacement | undefined =>
  state.placement?.opened ? state.placement : state.superseded;

/** A placement that never stood holds nothing but a leg which its target has left. */
function closeUnopened(step: FactStep, next: SessionPlacement): CommandSpec[] {
  const { placement } = step.state;
  const isLeft = placement !== undefined && !placement.opened && placement.broker_id !== next.broker_id;
  return isLeft ? letTargetGo(step) : [];
}

function onConsent(step: FactStep): SessionOutcome {
  const { state } = step;
  // Its leg was given up meanwhile: it comes again, and is asked again.
  if (state.placement === undefined) return ignore('no-change');
  const next = follow(step, { ...state, consented: true });
  return decided(step, 'target-accepted', {
    phase: next.phase,
    reason: 'consented',
    after: standingOf(next.after),
    commands: next.commands,
    dueMs: next.dueMs,
  });
}
