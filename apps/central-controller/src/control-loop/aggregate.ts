import {
  AGENT_DECISIONS,
  type AgentDecisionName,
  REGION_DECISIONS,
  RESERVATION_DECISIONS,
  type RegionDecisionName,
  type ReservationDecisionName,
} from '#libs/contracts';
import type { agent, link, region, reservation } from '#libs/domain';

/** What one key of a partition stands for; plain data, as it goes into snapshots. */
export type Aggregate =
  | { readonly kind: 'link'; readonly state: link.LinkState }
  | { readonly kind: 'agent'; readonly state: agent.AgentState }
  | { readonly kind: 'region'; readonly state: region.RegionState }
  | { readonly kind: 'reservation'; readonly state: reservation.ReservationState };

export function isAgentDecision(name: string): name is AgentDecisionName {
  return (AGENT_DECISIONS as readonly string[]).includes(name);
}

export function isRegionDecision(name: string): name is RegionDecisionName {
  return (REGION_DECISIONS as readonly string[]).includes(name);
}

export function isReservationDecision(name: string): name is ReservationDecisionName {
  return (RESERVATION_DECISIONS as readonly string[]).includes(name);
}
