import type { Evidence, Placement } from '#libs/contracts';
import { ignore } from '../decider.ts';
import { otherThatIsWell } from './client.ts';
import { decided, type Step, unchanged } from './draft.ts';
import { moveToClient, serverFor } from './failback.ts';
import { ledger } from './move.ts';
import { type LinkOutcome, otherThan } from './state.ts';

/**
 * The client that carries the link is to be emptied: its other client has it, once that is well, a server fits and
 * nothing holds planned moves back.
 * @param isDue whether something is to be decided now: then also that it stays
 */
export function leaveClient(
  step: Step,
  placement: Placement,
  isDue: boolean,
  values?: Evidence['values'],
): LinkOutcome {
  // Only this client can carry the link: its drain moves nothing.
  if (otherThan(step.state, placement.client_id) === undefined) return ignore('no-better-server');
  const other = otherThatIsWell(step, placement.client_id);
  const choice = other && serverFor(step, other.clientId);
  if (other && choice?.chosen) {
    const why = { reason: 'agent-draining', leave: 'client-draining', values } as const;
    return moveToClient(step, placement, other.clientId, why);
  }
  if (!isDue) return ignore('not-due');
  const { state } = step;
  return decided(step, 'failover-failed', {
    ...unchanged(state),
    reason: choice ? 'no-other-server' : 'client-unheard',
    after: { leave: 'client-draining' },
    candidates: choice?.candidates,
    failover: ledger(step, placement.server_id, 'agent-draining'),
    // A server's back-off ends by itself; for the rest the fleet wakes it.
    dueMs: state.betterSinceMs === undefined ? choice?.retryAtMs : state.dueMs,
    values,
  });
}

/** Whether a placement stands on a client that is to be emptied, and that another could take over from. */
export function isToLeaveClient(
  { state, input }: Step,
  { client_id, client_incarnation }: Placement,
): boolean {
  const client = input.fleet.agents.get(client_id);
  const drains = client?.draining === true && client.incarnation === client_incarnation;
  return drains && otherThan(state, client_id) !== undefined;
}
