import {
  AGENT_DECISIONS,
  type AgentDecisionName,
  BROKER_COMMANDS,
  type BrokerCommand,
  REGION_DECISIONS,
  RESERVATION_DECISIONS,
  type RegionDecisionName,
  type ReservationDecisionName,
  SESSION_ID_PATTERN,
  type SidecarCommand,
} from '#libs/contracts';
import type * as agent from '../agent/index.ts';
import type * as link from '../link/index.ts';
import type * as region from '../region/index.ts';
import type * as reservation from '../reservation/index.ts';
import type * as session from '../session/index.ts';

/** What one key of a partition stands for; plain data, as it goes into snapshots. */
export type Aggregate =
  | { readonly kind: 'link'; readonly state: link.LinkState }
  | { readonly kind: 'session'; readonly state: session.SessionState }
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

/** What a decision issues. */
export type AnyCommand = SidecarCommand | BrokerCommand;

/** A link's id has a colon, which no session's has; no agent and no region is called like a session. */
export const isSessionKey = (key: string): boolean => SESSION_ID_PATTERN.test(key);

/**
 * Whether a command goes to a broker; `drain` goes to sidecars too, of links. Of an agent as a whole, which is named where
 * a connection would be, only brokers are commanded.
 */
export const isToBroker = ({ name, connection_id, agent_id }: AnyCommand): boolean =>
  (BROKER_COMMANDS as readonly string[]).includes(name) &&
  (isSessionKey(connection_id) || connection_id === agent_id);
