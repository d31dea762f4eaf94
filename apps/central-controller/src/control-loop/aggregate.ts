import {
  AGENT_DECISIONS,
  type AgentDecisionName,
  REGION_DECISIONS,
  type RegionDecisionName,
} from '#libs/contracts';
import type { agent, link, region } from '#libs/domain';

/** What one key of a partition stands for; plain data, as it goes into snapshots. */
export type Aggregate =
  | { readonly kind: 'link'; readonly state: link.LinkState }
  | { readonly kind: 'agent'; readonly state: agent.AgentState }
  | { readonly kind: 'region'; readonly state: region.RegionState };

export function isAgentDecision(name: string): name is AgentDecisionName {
  return (AGENT_DECISIONS as readonly string[]).includes(name);
}

export function isRegionDecision(name: string): name is RegionDecisionName {
  return (REGION_DECISIONS as readonly string[]).includes(name);
}
