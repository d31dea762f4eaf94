import type { DecisionBase } from './decisions.ts';
import type { PolicySettings } from './policy.ts';

/** Decisions at the peer, on an aggregate of their own under the connection's id: versions and state are its own. */
export const RESERVATION_DECISIONS = ['server-reserved', 'server-refused'] as const;
export type ReservationDecisionName = (typeof RESERVATION_DECISIONS)[number];

/**
 * The answer to one `server-requested`, or what became of a reservation. A repeated request is answered by a
 * decision of its own (`reason: repeated`) that says the same, so that whoever waits for an answer to its fact gets one.
 */
export interface ReservationDecision extends DecisionBase {
  connection_id: string;
  kind: 'reservation';
  /** The peer's own control region: the home of the reservation, not of the connection. */
  home_region: string;
  requesting_region: string;
  client_id: string;
  server_group: string;
  failed_server_id?: string;
  /** `server-reserved`: what is held. */
  server_id?: string;
  server_incarnation?: string;
  address?: string;
  /** RFC 3339. */
  expires_at?: string;
  /** The path of this epoch was established: the reservation no longer expires. */
  used?: boolean;
}

/** Decisions on a control region's settings; key `region/<control_region>`. */
export const REGION_DECISIONS = ['policy-changed', 'freeze-changed', 'failovers-approved'] as const;
export type RegionDecisionName = (typeof REGION_DECISIONS)[number];

export interface RegionDecision extends DecisionBase {
  control_region: string;
  requested_by: string;
  /** Of the fact: the higher one counts, then the higher `event_id`. */
  setting_version: number;
  event_id: string;
  policy_name?: string;
  server_group?: string;
  settings?: PolicySettings;
  /** RFC 3339. */
  until?: string;
  cause?: string;
  failover_id?: string;
  /** For people. */
  note?: string;
}
