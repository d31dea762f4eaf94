import { type PeerQuestion, type Placement, TIMING } from '#libs/contracts';
import { iso } from '../ids.ts';
import { backoffUntilMs } from './backoff.ts';
import type { Picked } from './client.ts';
import { decided, type Step } from './draft.ts';
import type { Plan } from './plan.ts';
import type { BackoffState, LinkOutcome } from './state.ts';

/** The control region whose controller chooses the next server: the old one's, if that is another's and can be asked. */
export function peerOf({ state, input }: Step, { server_region }: Placement): string | undefined {
  return server_region !== state.home_region && input.fleet.peers.has(server_region)
    ? server_region
    : undefined;
}

interface Asking {
  /** The placement that is over. */
  readonly over: Placement;
  readonly peerRegion: string;
  readonly client: Picked;
  readonly backoffs: readonly BackoffState[];
}

/** The link waits for the peer's choice, at most until the deadline. The old placement is over, and its ends are let go. */
export function ask(step: Step, plan: Plan, { over, peerRegion, client, backoffs }: Asking): LinkOutcome {
  const { state, input } = step;
  const deadlineMs = input.nowMs + (input.fleet.peerDeadlineMs ?? TIMING.peerDeadlineMs);
  const heldBackMs = backoffUntilMs(backoffs, over.server_id, over.server_incarnation) ?? 0;
  const left = plan.avoid ?? (input.nowMs < heldBackMs ? over.server_id : undefined);
  const asking: PeerQuestion = {
    epoch: state.epoch + 1,
    peer_region: peerRegion,
    client_id: client.clientId,
    server_group: state.request.server_group,
    ...(left === undefined ? {} : { failed_server_id: left }),
    reason: plan.reason,
    deadline_at: iso(deadlineMs),
  };
  return decided(step, 'failover-started', {
    phase: 'activating',
    reason: plan.reason,
    after: {
      placement: undefined,
      ...client.lives,
      carrier: client.clientId === state.request.client_id ? undefined : client.clientId,
      backoffs,
      health_score: undefined,
      leave: undefined,
    },
    // Whoever is chosen has a higher epoch, the same server too.
    commands: plan.release?.(undefined) ?? [],
    asking,
    dueMs: deadlineMs + TIMING.peerMarginMs,
    ...(plan.request ? { request: plan.request } : {}),
    failover: plan.failover,
    values: plan.values,
  });
}
