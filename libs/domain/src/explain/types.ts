import type { Candidate, Evidence, LinkDecision, SessionDecision, Suppression } from '#libs/contracts';

/** What an explanation is made of and what it says. All of it is plain data, wherever it came from. */

/** A decision on one connection, as it stands in the log. */
export interface ExplainedEvent {
  readonly event_id: string;
  /** Short name, e.g. `failover-decided`. */
  readonly type: string;
  /** RFC 3339. */
  readonly time: string;
  readonly partition: number;
  readonly offset: number;
  readonly data: LinkDecision | SessionDecision;
}

/** How a command of a decision ended, as far as the decisions after it tell. */
export const COMMAND_OUTCOMES = [
  'succeeded',
  'failed',
  'refused',
  /** Nobody answered within its time. */
  'unanswered',
  /** A later decision made it needless before its answer counted. */
  'superseded',
] as const;
export type CommandOutcome = (typeof COMMAND_OUTCOMES)[number];

export interface ExplainedCommand {
  readonly command_id: string;
  readonly name: string;
  readonly agent_id: string;
  /** Absent: it waits for its answer still. */
  readonly outcome?: CommandOutcome;
  /** The agent's own word. */
  readonly reason?: string;
}

/** RFC 3339, each absent where it did not come. */
export interface StepTimes {
  /** When whoever saw it first saw it. */
  readonly detected_at?: string;
  readonly decided_at: string;
  readonly commanded_at?: string;
  /** The first answer to one of its commands. */
  readonly acknowledged_at?: string;
  readonly active_at?: string;
}

/** A record that a decision rests on; `agent_id` and `data` where somebody read it from the log. */
export interface ExplainedEvidence extends Evidence {
  readonly agent_id?: string;
  readonly data?: Record<string, unknown>;
}

/** One decision of the chain. */
export interface ExplainedStep {
  /** From 1, the oldest first. */
  readonly step: number;
  readonly event_id: string;
  readonly type: string;
  readonly time: string;
  /** Where the decision stands in `controller-events`. */
  readonly partition: number;
  readonly offset: number;
  readonly phase: string;
  readonly epoch: number;
  readonly reason: string;
  /** One English sentence: what happened, and what was decided. */
  readonly text: string;
  readonly evidence: readonly ExplainedEvidence[];
  readonly rule: string;
  readonly policy_version: number;
  readonly policy?: string;
  readonly failover_id?: string;
  readonly candidates?: readonly Candidate[];
  readonly suppressed?: Suppression;
  readonly commands: readonly ExplainedCommand[];
  readonly times: StepTimes;
}

/** Why something that one might expect did not happen. */
export interface WhyNot {
  readonly question: string;
  readonly answer: string;
  /** One of DECISION_REASONS, or of what excludes a candidate: for programs. */
  readonly reason: string;
  /** RFC 3339: since when it is so. */
  readonly since?: string;
  /** RFC 3339: when it is looked at again; absent: no time ends it. */
  readonly until?: string;
  /** Name of the policy that says so; absent: the defaults. */
  readonly policy?: string;
}

/** What it all began with, in a word that programs match on. */
export interface FirstCause {
  readonly event_id: string;
  /** One of DECISION_REASONS. */
  readonly reason: string;
  /** What was seen more exactly: a loss's or a refusal's own word. */
  readonly detail?: string;
  /** The agent that failed, or is to be left. */
  readonly agent_id?: string;
  readonly text: string;
}

export interface Explanation {
  readonly connection_id: string;
  readonly kind: 'link' | 'session';
  readonly status: string;
  readonly phase: string;
  readonly epoch: number;
  readonly version: number;
  readonly client_id?: string;
  readonly server_id?: string;
  readonly broker_id?: string;
  /** One English sentence: what and why. */
  readonly summary: string;
  readonly first_cause: FirstCause;
  /** From the first cause to the newest decision, the oldest first. */
  readonly causes: readonly ExplainedStep[];
  /** Steps in the middle of a long chain that are left out. */
  readonly omitted?: number;
  /** False: what it began with is older than the decisions that were at hand. */
  readonly complete: boolean;
  readonly why_not: readonly WhyNot[];
}

export const EXPLAIN_LIMITS = {
  /** Steps told of one chain: the first half and the last. */
  steps: 50,
} as const;
