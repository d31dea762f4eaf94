import type { DecisionReason, Placement } from '#libs/contracts';
import { type Fact, type FactInput, ignore } from '../decider.ts';
import type { Choice } from '../placement/index.ts';
import { disconnectClient, stopServer } from './commands.ts';
import { decided, type Step } from './draft.ts';
import { clientToGoBackTo, moveToClient } from './failback.ts';
import { startPlanned } from './held.ts';
import { chooseOther, ledger, startStopping } from './move.ts';
import { placeNext } from './place.ts';
import type { LinkOutcome } from './state.ts';

type Requested = Extract<Fact, { name: 'failover-requested' }>;

/** An operator, or a service, asks for a move. */
export function onFailoverRequested(step: Step & { input: FactInput }, { data }: Requested): LinkOutcome {
  const { state } = step;
  const { placement } = state;
  if (data.epoch !== undefined && data.epoch < state.epoch) return ignore('stale-epoch');
  if (data.epoch !== undefined && data.epoch > state.epoch) return ignore('future-epoch');
  const values = { reason: data.reason, requested_by: data.requested_by, planned: data.planned ?? false };
  if (state.asking !== undefined) return ignore('already-moving');
  if (placement === undefined) {
    return placeNext(step, {
      reason: 'operator-request',
      failover: state.failover,
      insist: true,
      onlyIfPlaced: true,
      values,
    });
  }
  if (data.force && !placement.leased) return forced(step, placement, values);
  switch (state.phase) {
    case 'active':
    case 'degraded': {
      // What can't wait for a drain stays with the client that carries the link: going back is always planned.
      if (!data.planned) {
        const choice = chooseOther(step);
        return startStopping(step, { reason: 'operator-request', placement, choice, values });
      }
      const clientId = clientToGoBackTo(step);
      return clientId === undefined
        ? movePlanned(step, placement, 'operator-request', values)
        : moveToClient(step, placement, clientId, { reason: 'failback', values });
    }
    case 'draining':
      return data.planned || state.failover?.reason === 'failback'
        ? ignore('already-moving')
        : startStopping(step, { reason: 'operator-request', placement, values });
    case 'requested':
    case 'assigned':
    case 'activating':
    case 'stopping':
    case 'waiting-for-capacity':
    case 'suppressed':
      return ignore('already-moving');
    case 'ended':
    case 'rejected':
      return ignore('connection-ended');
    default:
      return state.phase satisfies never;
  }
}

/**
 * Neither end has a lease, so that no silence would ever end the placement: the operator vouches for it.
 * With a lease `force` is not needed, and would make two of one; it counts as unplanned then.
 */
function forced(step: Step, placement: Placement, values: Record<string, string | boolean>): LinkOutcome {
  return placeNext(step, {
    reason: 'operator-force',
    failover: ledger(step, placement.server_id, 'operator-force'),
    avoid: placement.server_id,
    over: placement,
    release: (chosen) => {
      if (chosen === undefined) return [disconnectClient(placement, 'hold'), stopServer(placement)];
      return chosen === placement.server_id ? [] : [stopServer(placement)];
    },
    values: { ...values, force: true },
  });
}

/** Drains and moves a link that stands; without another server it stays where it is, and the decision says so. */
export function movePlanned(
  step: Step,
  placement: Placement,
  reason: DecisionReason,
  values?: Record<string, string | boolean>,
  leave?: DecisionReason,
): LinkOutcome {
  const choice = chooseOther(step);
  return choice.chosen
    ? startPlanned(step, { reason, placement, choice, values }, leave)
    : stay(step, placement, choice, { reason, values, leave });
}

function stay(
  step: Step,
  placement: Placement,
  choice: Choice,
  why: {
    reason: DecisionReason;
    values?: Record<string, string | boolean> | undefined;
    leave?: DecisionReason | undefined;
  },
): LinkOutcome {
  return decided(step, 'failover-failed', {
    phase: step.state.phase,
    reason: 'no-other-server',
    after: { failover_target: undefined, ...(why.leave ? { leave: why.leave } : {}) },
    candidates: choice.candidates,
    failover: ledger(step, placement.server_id, why.reason),
    betterSinceMs: step.state.betterSinceMs,
    // A link that is to leave looks again when a back-off ends; else the fleet wakes it.
    dueMs: step.state.betterSinceMs === undefined ? why.leave && choice.retryAtMs : step.state.dueMs,
    values: why.values,
  });
}
