import type {
  BrokerCommand,
  CloseRelayReason,
  DecisionReason,
  FailoverLedger,
  SessionPhase,
  SessionPlacement,
} from '#libs/contracts';
import type { Input } from '../decider.ts';
import { failoverId, iso } from '../ids.ts';
import { type CommandSpec, closeRelay } from './commands.ts';
import { type Change, decided, nameOfPhase, sessionPolicy } from './draft.ts';
import { isInDoubt, type SessionOutcome, type SessionState, type Standing, type Step } from './state.ts';

type More = Pick<Change, 'after' | 'commands' | 'values' | 'candidates'>;

/** How long the session waits for its ends, in milliseconds. */
export const windowMs = ({ input }: Step, surviveMs: number | undefined): number =>
  Math.max(sessionPolicy(input).settings.session_window_ms, surviveMs ?? 0);

/** Until when it waits for its ends; a move that is under way keeps the time that it began with. */
export function windowEndsMs(step: Step, surviveMs = step.state.surviveMs): number {
  return step.state.windowEndsMs ?? step.input.nowMs + windowMs(step, surviveMs);
}

/** The ledger of the move that begins here, if none is under way; a session that never stood does not fail over. */
export function ledgerOf({ state, input }: Step, reason: DecisionReason): FailoverLedger | undefined {
  if (!state.opened) return undefined;
  if (state.failover) return state.failover;
  return {
    failover_id: failoverId(state.connection_id, state.epoch + 1),
    ...(state.placement === undefined ? {} : { from: state.placement.broker_id }),
    reason,
    detected_at: iso(detectedMs(input)),
  };
}

/** Whoever said it first saw it; a clock that is ahead says no later than now. */
const detectedMs = (input: Input): number =>
  input.kind === 'fact' ? Math.min(input.fact.timeMs, input.nowMs) : input.nowMs;

/** The session waits for whoever is missing. */
export function interrupt(step: Step, reason: DecisionReason, { after, ...more }: More): SessionOutcome {
  const endsMs = windowEndsMs(step);
  return decided(step, 'session-interrupted', {
    ...more,
    phase: 'interrupted',
    reason,
    after: { ...after, windowEndsMs: endsMs, failover: ledgerOf(step, reason) },
    dueMs: endsMs,
  });
}

/** The target's leg is gone, and with it the placement that it had. */
export function loseTarget(step: Step, reason: DecisionReason, more: More = {}): SessionOutcome {
  return interrupt(step, reason, {
    ...more,
    after: { ...more.after, target: undefined, placement: undefined },
  });
}

/**
 * Nobody is on the target's leg any more. A relay from before that may stand yet goes with it: its ends heard of no loss
 * (a broker that slept says late that the target was there), and would not come again before the window is over.
 */
export function targetGone(step: Step, more: Pick<Change, 'values'> = {}): SessionOutcome {
  return loseTarget(step, 'target-lost', { ...more, commands: closeSuperseded(step, 'superseded') });
}

/** What the broker before has of the session is of no use any more; with `moved` its ends know, and leave it by themselves. */
export function closeSuperseded(step: Step, reason: 'superseded' | 'moved'): CommandSpec[] {
  const { superseded, placement } = step.state;
  if (superseded === undefined || superseded.broker_id === placement?.broker_id) return [];
  return isSilent(step, superseded) || isBeingClosed(step)
    ? []
    : [closeRelay(superseded, superseded.epoch, reason)];
}

/** Whether the broker before was told to end its relay, and has not answered. */
export const isBeingClosed = ({ state: { pending, superseded } }: Step): boolean =>
  pending.some(({ command }) => command.name === 'close-relay' && endsRelay(command, superseded));

type CloseRelay = Extract<BrokerCommand, { name: 'close-relay' }>;

/** Whether the command ends the relay of this placement; it goes with any of its legs. */
export const endsRelay = (
  { agent_id, incarnation, epoch, attachment_id }: CloseRelay,
  placement: SessionPlacement | undefined,
): boolean =>
  placement?.broker_id === agent_id &&
  placement.incarnation === incarnation &&
  (attachment_id === undefined ? placement.epoch <= epoch : attachment_id === placement.target_attachment_id);

/** The controller's leg is gone before the relay stood; a target that is held goes on waiting. */
export function loseController(step: Step, reason: DecisionReason): SessionOutcome {
  const { state } = step;
  const { phase, placement } = state;
  const after: Standing = { controller: undefined, placement: placement && unassigned(placement) };
  // Nothing is expected of the controller yet.
  if (phase === 'code-issued' || phase === 'target-attached' || phase === 'draining') {
    return decided(step, nameOfPhase(state), { phase, reason, after });
  }
  return interrupt(step, reason, { after });
}

function unassigned({ controller_attachment_id: _, ...placement }: NonNullable<Standing['placement']>) {
  return placement;
}

/**
 * The relay can't be, or be again, under this epoch: the target's leg is closed, so that the target comes anew, and the
 * next placement has the next epoch. A relay that stood still has to say what it carried.
 */
export function startAnew(step: Step, reason: DecisionReason, after: Standing): SessionOutcome {
  const { placement, superseded } = step.state;
  const before = placement?.opened ? placement : superseded;
  return loseTarget(step, reason, { after: { ...after, superseded: before }, commands: letTargetGo(step) });
}

/** Closes the target's leg of the placement, where somebody may hear it. */
export function letTargetGo({ state, input }: Step): CommandSpec[] {
  const { placement } = state;
  if (placement === undefined || input.fleet.silent(placement.broker_id, placement.incarnation)) return [];
  return [closeRelay(placement, placement.epoch, 'superseded', placement.target_attachment_id)];
}

/** The session is over: whoever still has something of it is told. */
export function end(
  step: Step,
  phase: Extract<SessionPhase, 'ended' | 'expired'>,
  how: {
    readonly reason: DecisionReason;
    readonly close: CloseRelayReason;
    /** It has closed all that it had already. */
    readonly closedBy?: string;
    readonly after?: Standing;
  },
): SessionOutcome {
  const { state } = step;
  return decided(step, 'connection-ended', {
    phase,
    reason: how.reason,
    after: {
      ...how.after,
      controller: undefined,
      target: undefined,
      // Should its broker be heard of again, it is told.
      placement: isInDoubt(state) ? state.placement : undefined,
      superseded: undefined,
      windowEndsMs: undefined,
    },
    commands: brokersOf(step, how.closedBy).map((broker) => closeRelay(broker, state.epoch, how.close)),
    dueMs: undefined,
  });
}

/** Every broker that may have something of the session, each once, but for lives that are over. */
function brokersOf({ state, input }: Step, but: string | undefined): BrokerLife[] {
  const lives = new Map<string, BrokerLife>();
  for (const each of [state.controller, state.target, state.placement, state.superseded]) {
    if (
      each === undefined ||
      each.broker_id === but ||
      input.fleet.silent(each.broker_id, each.incarnation)
    ) {
      continue;
    }
    lives.set(each.broker_id, lives.get(each.broker_id) ?? each);
  }
  return [...lives.values()];
}
type BrokerLife = { readonly broker_id: string; readonly incarnation: string };

/** A decision that changes nothing but what it says, in whatever phase. */
export function noted(step: Step, reason: DecisionReason, change: Omit<Change, 'phase' | 'reason'> = {}) {
  return decided(step, nameOfPhase(step.state), { phase: step.state.phase, reason, ...change });
}

export const isSilent = (step: Step, life: BrokerLife | undefined): boolean =>
  life !== undefined && step.input.fleet.silent(life.broker_id, life.incarnation);

/** What the session carried, with what a relay says that it did. */
export function trafficAfter(
  { traffic }: SessionState,
  more: { bytes_up?: number; bytes_down?: number; duration_ms?: number },
): Standing['traffic'] {
  const { bytes_up = 0, bytes_down = 0, duration_ms = 0 } = traffic ?? {};
  return {
    bytes_up: bytes_up + (more.bytes_up ?? 0),
    bytes_down: bytes_down + (more.bytes_down ?? 0),
    duration_ms: duration_ms + (more.duration_ms ?? 0),
  };
}
