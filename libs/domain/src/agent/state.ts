import type { AgentDecision, AgentDecisionName } from '#libs/contracts';
import type { Decision, Outcome } from '../decider.ts';
import type { PendingDrain } from './drain.ts';

export type AgentOutcome = Outcome<AgentDecisionName, AgentDecision>;
export type AgentDecided = Decision<AgentDecisionName, AgentDecision>;

export const AGENT_CONDITIONS = ['alive', 'lost', 'draining'] as const;
export type AgentCondition = (typeof AGENT_CONDITIONS)[number];

/** What was decided on an agent as a whole, in its own control region. */
export interface AgentState {
  readonly agent_id: string;
  readonly version: number;
  readonly incarnation: string;
  readonly condition: AgentCondition;
  readonly kind?: string;
  /** A broker that drains was told so, and has not answered. */
  readonly pending?: PendingDrain;
  /** A broker that drains has taken the command to. */
  readonly obeyed?: true;
  /** Lives that a later one replaced, newest first. */
  readonly retired: readonly string[];
  /** Highest handled offset of each input partition, by `<topic>/<partition>`. */
  readonly handled: Readonly<Record<string, number>>;
}
