import { withHandled } from '../handled.ts';
import { msOf } from '../ids.ts';
import type { Refusal, ReservationDecided, ReservationState } from './state.ts';

/** The state after a decision. */
export function evolve(
  state: ReservationState | undefined,
  { name, data }: ReservationDecided,
): ReservationState {
  const handled = withHandled(state?.handled, data.evidence[0]);
  // An answer to somebody who is not, or no longer, the one that holds: what stands stays as it is.
  if (state !== undefined && !concerns(state, { name, data })) {
    return { ...state, version: data.version, handled };
  }
  return {
    connection_id: data.connection_id,
    home_region: data.home_region,
    version: data.version,
    epoch: data.epoch,
    requesting_region: data.requesting_region,
    client_id: data.client_id,
    server_group: data.server_group,
    ...(data.failed_server_id === undefined ? {} : { failed_server_id: data.failed_server_id }),
    ...(data.server_id === undefined ? {} : { server_id: data.server_id }),
    ...(data.server_incarnation === undefined ? {} : { server_incarnation: data.server_incarnation }),
    ...(data.address === undefined ? {} : { address: data.address }),
    ...(data.expires_at === undefined ? {} : { expiresMs: msOf(data.expires_at) }),
    used: data.used ?? false,
    ...(name === 'server-refused' ? { refused: data.reason as Refusal } : {}),
    handled,
  };
}

function concerns(state: ReservationState, { name, data }: ReservationDecided): boolean {
  if (name === 'server-reserved') return true;
  if (data.reason === 'stale-epoch') return false;
  return data.reason !== 'unknown-client' || data.requesting_region === state.requesting_region;
}
