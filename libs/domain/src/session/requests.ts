import { type CloseRelayReason, type DecisionReason, LIMITS, type SessionRequest } from '#libs/contracts';
import { type FactInput, ignore, reject } from '../decider.ts';
import { msOf } from '../ids.ts';
import { closeRelay, issueCode } from './commands.ts';
import { decided } from './draft.ts';
import { isLeft, legOf } from './legs.ts';
import { blank, type SessionOutcome, type SessionState } from './state.ts';

/** A controller wants a code. Its broker made the code and the id; both count from this decision on. */
export function onRequest(
  connectionId: string,
  known: SessionState | undefined,
  input: FactInput,
  data: SessionRequest,
): SessionOutcome {
  if (input.region !== input.ownRegion) return ignore('other-home-region');
  const home = data.home_region ?? input.region;
  if (home !== input.region) return reject('wrong-home-region', `home region is ${home}`);
  if (known !== undefined && known.phase !== 'rejected') {
    const isSame = known.controller?.attachment_id === data.attachment_id;
    return isSame ? ignore('duplicate') : reject('invalid-data', "the session's id is taken");
  }
  // Whoever guessed the id before it was given turned nothing of it to their own.
  const state = known ?? blank(connectionId, home);
  const step = { state, input };
  const leg = legOf(input, data);
  const expiresMs = Math.min(msOf(data.expires_at), input.nowMs + LIMITS.codeMs);
  const after = { controller_id: data.controller_id, expiresMs };
  const refused = (reason: DecisionReason, close: CloseRelayReason): SessionOutcome =>
    decided(step, 'connection-rejected', {
      phase: 'rejected',
      reason,
      commands: [closeRelay(leg, state.epoch, close, leg.attachment_id)],
    });
  if (expiresMs <= input.nowMs) return refused('expired', 'expired');
  // A broker that an operator empties does not know it yet: the controller tries the next one.
  if (isLeft(input.fleet, leg)) return refused('agent-draining', 'no-capacity');
  return decided(step, 'connection-code-issued', {
    phase: 'code-issued',
    reason: 'requested',
    after: { ...after, controller: leg },
    commands: [issueCode(leg, data.controller_id, expiresMs)],
    dueMs: expiresMs,
  });
}
