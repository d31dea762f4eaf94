import type {
  RESERVATION_REFUSALS,
  ReservationDecision,
  ReservationDecisionName,
  ReservationRefusal,
} from '#libs/contracts';
import type { Decision, Outcome } from '../decider.ts';

export type ReservationOutcome = Outcome<ReservationDecisionName, ReservationDecision>;
export type ReservationDecided = Decision<ReservationDecisionName, ReservationDecision>;
export type Refusal = Exclude<(typeof RESERVATION_REFUSALS)[number], 'own-connection'> & ReservationRefusal;

/** What this control region holds ready for a connection of another; plain data, so that it goes into a snapshot as it is. */
export interface ReservationState {
  readonly connection_id: string;
  /** The region that holds the server ready: the reservation's home, not the connection's. */
  readonly home_region: string;
  readonly version: number;
  /** The latest that was asked for; lower ones are refused. */
  readonly epoch: number;
  /** The connection's home. */
  readonly requesting_region: string;
  readonly client_id: string;
  readonly server_group: string;
  readonly failed_server_id?: string;
  /** What was reserved under `epoch`, whether it is held still or not; absent: refused. */
  readonly server_id?: string;
  readonly server_incarnation?: string;
  readonly address?: string;
  /** The server's place is held until then. */
  readonly expiresMs?: number;
  /** The path of this epoch was established: the reservation does not end any more. */
  readonly used: boolean;
  /** Why `epoch` was refused, or is from now on. */
  readonly refused?: Refusal;
  /** Highest handled offset of each input partition, by `<topic>/<partition>`. */
  readonly handled: Readonly<Record<string, number>>;
}

/** The server on which this reservation counts as one connection now; absent: on none. */
export function heldServer(state: ReservationState, nowMs: number): string | undefined {
  const { server_id, expiresMs, refused } = state;
  return refused === undefined && expiresMs !== undefined && nowMs < expiresMs ? server_id : undefined;
}
