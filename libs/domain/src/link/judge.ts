import type { DecisionReason, Suppression } from '#libs/contracts';
import { iso } from '../ids.ts';
import {
  blasted,
  causeOf,
  causeOfReturn,
  damped,
  type Flapping,
  frozenUntilMs,
  isApproved,
  policyOf,
  rememberedMoves,
} from '../judgement/index.ts';
import type { Choice } from '../placement/index.ts';
import type { Step } from './draft.ts';
import type { LinkMove } from './state.ts';

/** Moves that are judged, and count, when the path that stands begins to be left: what follows is their end. */
export const JUDGED_STANDING: ReadonlySet<string> = new Set(['unanswered-requests', 'better-capacity']);

/** A move that nobody asked for, and that is about to be decided. */
export interface Called {
  /** What began it. */
  readonly reason: DecisionReason;
  /** The client's life is over: it is the client's side that failed. */
  readonly clientGone?: boolean;
  /** The client that carried the link is to carry it again: however many of those come back at once, they are welcome. */
  readonly sameClient?: boolean;
  /** An operator agreed to this very move. */
  readonly approved?: boolean;
  /** The rules changed: what is held is judged as if it were called for now. */
  readonly anew?: boolean;
}

export interface Judgement {
  /** The link's moves after this one, if it may be made. */
  readonly moves: readonly LinkMove[];
  /** Why it may not. */
  readonly hold?: Suppression;
}

/** Damping first, whose end is known; then the blast radius, which needs an operator. */
export function judge({ state, input }: Step, called: Called): Judgement {
  const { settings } = policyOf(state.request, input.fleet.settings);
  const { nowMs } = input;
  const moves = rememberedMoves(state.moves ?? [], settings, nowMs);
  const cause = causeOf(state.request.server_group, called.reason, called.clientGone);
  if (cause === undefined) return { moves };
  // What was tried of this move already is not held against it, and counts once with what comes.
  const before = moves.filter(({ open }) => !open);
  const often = damped(before, settings, nowMs);
  if (often) {
    const { untilMs, values } = often;
    return { moves, hold: { reason: 'damping', what: 'failover', until: iso(untilMs), values } };
  }
  const { server_group } = state.request;
  if (called.sameClient && cause === causeOf(server_group, 'client-lost')) {
    return { moves: [...before, { atMs: nowMs, cause: causeOfReturn(server_group), open: true }] };
  }
  const hold = tooMany({ state, input }, called, moves, cause);
  return hold ? { moves, hold } : { moves: [...before, { atMs: nowMs, cause, open: true }] };
}

/** What is held for too many others stays so, however few they are by then, until an operator agrees. */
function tooMany(
  { state, input }: Step,
  { approved = false, anew = false }: Called,
  moves: readonly LinkMove[],
  cause: string,
): Suppression | undefined {
  const { fleet, nowMs } = input;
  if (approved || isApproved(fleet.settings, cause, nowMs)) return undefined;
  const held = state.suppressed;
  if (!anew && held?.reason === 'blast-radius' && held.cause === cause) return held;
  const { settings } = policyOf(state.request, fleet.settings);
  const windowMs = settings.blast_window_ms;
  const counted = moves.some((each) => each.cause === cause && nowMs < each.atMs + windowMs);
  const count = fleet.blast(cause, state.request.server_group, windowMs, nowMs);
  const values = blasted(count, settings, counted);
  return values && { reason: 'blast-radius', what: 'failover', cause, values };
}

/** No planned moves during a freeze. */
export function frozen({ input }: Step, what: Suppression['what']): Suppression | undefined {
  const untilMs = frozenUntilMs(input.fleet.settings, input.nowMs);
  return untilMs === undefined ? undefined : { reason: 'freeze', what, until: iso(untilMs) };
}

/** Servers there are, but they restart too often: the first of them may do later. */
export function flappingHold({ chosen, flapping, retryAtMs }: Choice): Suppression | undefined {
  if (chosen !== undefined || !flapping || retryAtMs === undefined) return undefined;
  return { reason: 'agent-flapping', what: 'failover', until: iso(retryAtMs) };
}

/** By what a server is told that restarts too often, for this link. */
export function flappingOf({ state, input }: Step): Flapping {
  return policyOf(state.request, input.fleet.settings).settings;
}

/** Whether a hold says what is known already. */
export function isSameHold(one: Suppression | undefined, other: Suppression): boolean {
  if (one === undefined) return false;
  return one.reason === other.reason && one.until === other.until && one.cause === other.cause;
}
