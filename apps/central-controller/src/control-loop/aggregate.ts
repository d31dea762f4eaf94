import { AGENT_DECISIONS, type AgentDecisionName } from '#libs/contracts';
import type { agent, link } from '#libs/domain';

/** What one key of a partition stands for; plain data, as it goes into snapshots. */
export type Aggregate =
  | { readonly kind: 'link'; readonly state: link.LinkState }
  | { readonly kind: 'agent'; readonly state: agent.AgentState };

export function isAgentDecision(name: string): name is AgentDecisionName {
  return (AGENT_DECISIONS as readonly string[]).includes(name);
}
