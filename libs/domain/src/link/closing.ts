import type { Evidence, Placement } from '#libs/contracts';
import { type Fact, ignore } from '../decider.ts';
import { stopServer } from './commands.ts';
import { decided, type Step } from './draft.ts';
import { isLetGo, ledger, startStopping } from './move.ts';
import type { LinkOutcome } from './state.ts';

type Closed = Extract<Fact, { name: 'connection-closed' }>;

/** The client gives the link up for good. Its word counts for its present request, whichever epoch it had seen. */
export function onClosed(step: Step, { data }: Closed): LinkOutcome {
  const { state } = step;
  const { placement } = state;
  if (data.epoch < state.firstEpoch) return ignore('stale-epoch');
  if (data.epoch > Math.max(state.epoch, state.firstEpoch)) return ignore('future-epoch');
  if (data.agent_id !== undefined && data.agent_id !== state.request.client_id)
    return ignore('not-concerned');
  if (data.incarnation !== undefined && state.client.retired.includes(data.incarnation)) {
    return ignore('stale-incarnation');
  }
  const values = { reason: data.reason };
  if (placement === undefined || isConfirmedBy(placement, data)) return end(step, placement, values);
  // The client had not seen the present epoch and may take it up yet: it has to stop first.
  if (state.phase !== 'stopping')
    return startStopping(step, { reason: 'closed-by-client', placement, values });
  if (isClosing(state)) return ignore('duplicate');
  return decided(step, 'failover-started', {
    phase: 'stopping',
    reason: 'closed-by-client',
    failover: ledger(step, placement.server_id, 'closed-by-client'),
    dueMs: state.dueMs,
    attempt: state.attempt,
    values,
  });
}

/** Whether the placement is being stopped because the client wants the link no more. */
export const isClosing = ({ phase, failover }: Step['state']): boolean =>
  phase === 'stopping' && failover?.reason === 'closed-by-client';

function isConfirmedBy(placement: Placement, data: Closed['data']): boolean {
  return (
    data.epoch === placement.epoch &&
    data.agent_id === placement.client_id &&
    data.incarnation === placement.client_incarnation
  );
}

/** The link is no more. The server may hold its place still and is told, once. */
export function end(step: Step, placement: Placement | undefined, values: Evidence['values']): LinkOutcome {
  return decided(step, 'connection-ended', {
    phase: 'ended',
    reason: 'closed-by-client',
    after: {
      placement: undefined,
      carrier: undefined,
      standby: undefined,
      backoffs: [],
      failover_target: undefined,
      health_score: undefined,
      leave: undefined,
      moves: [],
    },
    commands: placement === undefined || isLetGo(step.state, placement) ? [] : [stopServer(placement)],
    values,
  });
}
