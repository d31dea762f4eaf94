import type { Placement } from '#libs/contracts';
import type { Fact } from '../decider.ts';
import { withFailure } from './backoff.ts';
import { lifeOf, otherThatIsWell, withLife } from './client.ts';
import { decided, nameOfPhase, type Standing, type Step, unchanged } from './draft.ts';
import { giveUpOpening, startStopping } from './move.ts';
import { openingUntilMs } from './probing.ts';
import { type LinkOutcome, otherThan } from './state.ts';

type Lost = Extract<Fact, { name: 'connection-lost' }>;

/** The client did not stand in time. Both ends are stopped, and when one has confirmed it the other client has the link. */
export function giveUpProbe(step: Step, placement: Placement, untilMs: number): LinkOutcome {
  const other = otherThatIsWell(step, placement.client_id);
  if (other) return stopFor(step, placement, other.clientId);
  return step.input.nowMs < untilMs ? waitOn(step, placement, untilMs) : giveUpOpening(step, placement);
}

function stopFor(
  step: Step,
  placement: Placement,
  carrier: string,
  after: Partial<Standing> = {},
): LinkOutcome {
  const { state, input } = step;
  const { client_id, client_incarnation } = placement;
  const failure = { agent_id: client_id, incarnation: client_incarnation, blame: 'client' } as const;
  const backoffs = withFailure(state.backoffs, failure, input.nowMs);
  const { failover } = state;
  return startStopping(step, {
    reason: 'client-lost',
    placement,
    carrier,
    failover,
    after: { ...after, backoffs },
  });
}

/** The client has as long to stand as any other. */
function waitOn(step: Step, { client_id }: Placement, untilMs: number): LinkOutcome {
  const { state } = step;
  return decided(step, nameOfPhase(state), {
    ...unchanged(state),
    reason: state.failover?.reason ?? 'client-lost',
    dueMs: untilMs,
    values: { client_id, waits_on: true },
  });
}

/**
 * The client tells of the path that is over already: so it lives, or tells that it is going. It matters while it is not
 * known which, and another client could have the link; that it is going, always.
 */
export function onLateLoss(step: Step, { data }: Lost): LinkOutcome | undefined {
  const { state } = step;
  const { placement, asking } = state;
  const clientId = placement?.client_id ?? asking?.client_id;
  if (clientId === undefined || data.agent_id !== clientId || data.epoch >= state.epoch) return undefined;
  const life = lifeOf(step, clientId);
  const other = otherThan(state, clientId);
  if (other === undefined || data.incarnation !== life.incarnation || life.gone) return undefined;
  const gone = data.reason === 'shutdown';
  const goes = gone || data.reason === 'application-closed';
  const after = gone ? withLife(step, clientId, { ...life, gone }) : {};
  if (placement === undefined) return whileAsking(step, clientId, goes ? other : undefined, after);
  const untilMs = openingUntilMs(state);
  // A word that is read so late that the time is over anyway changes nothing, unless it is the last one of that life.
  const isDoubted = untilMs !== undefined && step.input.nowMs < untilMs;
  if (isDoubted && !goes) return waitOn(step, placement, untilMs);
  const leaves = isDoubted || (gone && state.phase === 'activating');
  const well = leaves ? otherThatIsWell(step, clientId) : undefined;
  return well && stopFor(step, placement, well.clientId, after);
}

/** The peer is asked for a server; who is to stand on it is known better now. */
function whileAsking(
  step: Step,
  clientId: string,
  carrier: string | undefined,
  after: Partial<Standing>,
): LinkOutcome | undefined {
  const { state } = step;
  const others = state.backoffs.filter((each) => each.agent_id !== clientId);
  // A client that lives is not to blame.
  if (carrier === undefined && others.length === state.backoffs.length) return undefined;
  const isAsker = carrier === state.request.client_id;
  return decided(step, nameOfPhase(state), {
    ...unchanged(state),
    reason: 'client-lost',
    after:
      carrier === undefined ? { backoffs: others } : { ...after, carrier: isAsker ? undefined : carrier },
    values: { client_id: clientId, goes: carrier !== undefined },
  });
}
