import type { DecisionReason, Suppression } from '#libs/contracts';
import { ignore } from '../decider.ts';
import { decided, type Step } from './draft.ts';
import { frozen, isSameHold, judge } from './judge.ts';
import { ledger, type Move, startDraining } from './move.ts';
import type { LinkOutcome } from './state.ts';

/** A move of a link that stands, as it would begin. */
interface HeldMove extends Move {
  /** What the path does, whatever becomes of the move. */
  readonly phase?: 'degraded';
  /** The link is to leave its server all the same, once it may. */
  readonly leave?: DecisionReason | undefined;
}

/** The move is held back: the link stays where it stands, and the decision says why and until when. */
export function holdStanding(step: Step, move: HeldMove, hold: Suppression): LinkOutcome {
  const { state } = step;
  const { phase = state.phase, leave = state.leave } = move;
  const known = isSameHold(state.suppressed, hold) && phase === state.phase && leave === state.leave;
  // What an operator asks for is answered each time.
  const isAsked = step.input.kind === 'fact' && step.input.fact.name === 'failover-requested';
  if (known && !isAsked) return ignore('not-due');
  return decided(step, 'failover-suppressed', {
    phase,
    reason: hold.reason,
    after: { ...move.after, leave },
    candidates: move.choice?.candidates,
    failover: ledger(step, move.placement.server_id, move.reason),
    suppressed: hold,
    values: move.values,
  });
}

/** A move that can wait begins with a drain: not during a freeze, and not when it would be one too many. */
export function startPlanned(step: Step, move: Move, leave?: DecisionReason): LinkOutcome {
  const what = move.reason === 'failback' ? 'failback' : 'planned-move';
  const freeze = frozen(step, what);
  if (freeze) return holdStanding(step, { ...move, leave }, freeze);
  const { moves, hold } = judge(step, { reason: move.reason });
  if (hold) return holdStanding(step, { ...move, leave }, { ...hold, what });
  return startDraining(step, { ...move, after: { ...move.after, moves } });
}
