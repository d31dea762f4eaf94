import type { DecisionReason, PeerOutcome } from './codes.ts';
import type { SidecarCommand } from './commands.ts';

/**
 * Decisions: what a central controller concluded; one record in `controller-events` holds all that it
 * changes and the commands that it issues. These types describe what the control loop writes; readers
 * trust it, because only the last valid claim's writer counts.
 */

export const CONNECTION_STATUSES = ['requested', 'active', 'migrating', 'failed', 'closed'] as const;
export type ConnectionStatus = (typeof CONNECTION_STATUSES)[number];

/** Phases of a link. */
export const LINK_PHASES = [
  'requested',
  'assigned',
  'active',
  'degraded',
  'draining',
  'stopping',
  'activating',
  'waiting-for-capacity',
  'suppressed',
  'ended',
  'rejected',
] as const;
export type LinkPhase = (typeof LINK_PHASES)[number];

export const STATUS_OF_PHASE: Record<LinkPhase, ConnectionStatus> = {
  requested: 'requested',
  assigned: 'requested',
  active: 'active',
  degraded: 'active',
  draining: 'migrating',
  stopping: 'migrating',
  activating: 'migrating',
  'waiting-for-capacity': 'failed',
  suppressed: 'failed',
  ended: 'closed',
  rejected: 'closed',
};

/** Where an input of a decision stands; a timeout has no offset but its deadline. */
export interface Evidence {
  type: string;
  topic?: string;
  partition?: number;
  offset?: number;
  event_id?: string;
  /** RFC 3339; of the fact, or the deadline that passed. */
  time?: string;
  /** What of the input mattered, by name. */
  values?: Record<string, string | number | boolean>;
}

/** One server that was weighed. */
export interface Candidate {
  agent_id: string;
  /** Sum of the terms; absent when excluded. */
  score?: number;
  terms?: Record<string, number>;
  /** Why it was not eligible. */
  excluded?: string;
}

/** One client and one server under one epoch. */
export interface Placement {
  epoch: number;
  client_id: string;
  client_incarnation: string;
  server_id: string;
  server_incarnation: string;
  /** Control region of the server: its monitor watches it. The client's is the home region. */
  server_region: string;
  /** Address at which the server sidecar is dialled. */
  address: string;
  /** One of its ends has a lease, so that silence ends it; else only a confirmation or an operator's force does. */
  leased: boolean;
  /** The leases that the ends reported; absent: none, and this end's silence ends nothing. */
  client_lease_ms?: number;
  server_lease_ms?: number;
}

/** What the client asked for; kept until it asks again. */
export interface LinkRequest {
  client_id: string;
  server_group: string;
  preferred_server?: string;
  dr_client_id?: string;
  link_group?: string;
  policy?: string;
}

/** An agent's life that failed this link lately, and until when the link does not count on it. */
export interface Backoff {
  agent_id: string;
  incarnation: string;
  /** Failures in a row, none of them forgotten. */
  failures: number;
  /** RFC 3339. */
  failed_at: string;
  /** RFC 3339. */
  until: string;
}

/** How a command came to its end without being the input of a decision of its own. */
export const COMMAND_ENDS = ['answered', 'superseded', 'given-up'] as const;
export interface EndedCommand {
  command_id: string;
  how: (typeof COMMAND_ENDS)[number];
}

/** The ledger of one move. Times are RFC 3339. */
export interface FailoverLedger {
  failover_id: string;
  from?: string;
  /** The DR client that carried it until then; absent: the client that asked for it did. */
  from_client?: string;
  to?: string;
  /** What began the move. */
  reason: DecisionReason;
  detected_at: string;
  decided_at?: string;
  commanded_at?: string;
  active_at?: string;
}

/** A question to the peer that is open: the link waits for `peer-answered` of this epoch, or for the deadline. */
export interface PeerQuestion {
  /** Minted for it; no other attempt uses it. */
  epoch: number;
  peer_region: string;
  client_id: string;
  server_group: string;
  failed_server_id?: string;
  reason: DecisionReason;
  /** RFC 3339: past it the link goes on without the peer. */
  deadline_at: string;
}

/** Which way a choice went: what the peer said, or why it was not asked. */
export interface PeerVerdict {
  peer_region: string;
  /** Of the question; absent: not asked. */
  epoch?: number;
  outcome: PeerOutcome;
  reason?: string;
  server_id?: string;
  /** Whom the link went to: the peer's choice, the failover target, or the best of the fleet as the home sees it. */
  went: 'peer' | 'failover-target' | 'fleet' | 'nowhere';
}

/** One placement that the link moved to lately, newest last; operators' moves are none. */
export interface RecentMove {
  /** RFC 3339. */
  at: string;
  /** What the blast radius counts together. */
  cause: string;
  /** The link did not stand since: whatever is tried until it does is part of this move. */
  open?: boolean;
}

/** A move that was called for and is held back. */
export interface Suppression {
  reason: 'damping' | 'agent-flapping' | 'blast-radius' | 'freeze';
  /** What is held back. */
  what: 'failover' | 'planned-move' | 'failback';
  /** RFC 3339: when it is looked at again; absent: when an operator approves. */
  until?: string;
  /** Blast radius only: what the approval names. */
  cause?: string;
  /** Figures that the rule went by, e.g. moves and limit. */
  values?: Record<string, number>;
}

export interface DecisionBase<C = SidecarCommand> {
  version: number;
  epoch: number;
  reason: DecisionReason;
  evidence: Evidence[];
  /** Rule set and its version, e.g. `link/1`. */
  rule: string;
  /** Version of the policy that was gone by; 0: POLICY_DEFAULTS. */
  policy_version: number;
  /** Its name; absent: POLICY_DEFAULTS. */
  policy?: string;
  commands: C[];
  candidates?: Candidate[];
  /** RFC 3339. */
  decided_at: string;
}

export const LINK_DECISIONS = [
  'connection-requested',
  'connection-assigned',
  'connection-activated',
  'connection-marked-degraded',
  'failover-started',
  'failover-decided',
  'failover-completed',
  'failover-failed',
  'failover-suppressed',
  'connection-ended',
  'connection-rejected',
] as const;
export type LinkDecisionName = (typeof LINK_DECISIONS)[number];

/**
 * What a link decision says beside DecisionBase; libs/domain's evolve() folds exactly these. What is
 * absent is not so after the decision (`request` excepted: absent means as before).
 */
export interface LinkDecision extends DecisionBase {
  connection_id: string;
  kind: 'link';
  home_region: string;
  status: ConnectionStatus;
  phase: LinkPhase;
  /** The client that carries the link, or is to: the one that asked, or its DR client. */
  client_id: string;
  server_id?: string;
  failover_target?: string;
  health_score?: number;
  /** The move that this decision begins, takes further or ends. */
  failover?: FailoverLedger;
  /** Set when the client asked, with what it asked for. */
  request?: LinkRequest;
  /** The client's present life, as far as known. */
  client_incarnation?: string;
  /** That life is known to be over: the link waits for the next one. */
  client_gone?: boolean;
  /** Lives of the client that a later one replaced, newest first. */
  client_retired?: string[];
  /** The placement that exists after this decision: commanded and not over. Absent: none does. */
  placement?: Placement;
  /** Commands that are over with this decision; the others wait for their answers still. */
  ended_commands?: EndedCommand[];
  /** RFC 3339: when this phase is looked at again if nothing comes. */
  due_at?: string;
  /** How often the commands of this phase were issued, 1 the first time. */
  attempt?: number;
  backoffs?: Backoff[];
  /** Why the link is to leave the agent that it is on, once another fits. */
  leave?: DecisionReason;
  /** RFC 3339: since when a better server has stood ready for a degraded link. */
  better_since?: string;
  /** The DR client's present life, as `client_incarnation`, `client_gone` and `client_retired` tell of the one that asked. */
  dr_incarnation?: string;
  dr_gone?: boolean;
  dr_retired?: string[];
  /** The life of the other client that was told to stand by, once, while this one carries. */
  standby?: { agent_id: string; incarnation: string };
  /** RFC 3339: when the link goes back by itself to the client that asked for it, if that stays well. */
  failback_at?: string;
  /** The question to the peer that is open after this decision. */
  asking?: PeerQuestion;
  /** Where this decision chose a server: what part the peer had in it. */
  peer?: PeerVerdict;
  /** Moves within the policy's window, newest last; at most LIMITS.recentMoves. */
  moves?: RecentMove[];
  /** What is held back after this decision. */
  suppressed?: Suppression;
}

export const AGENT_DECISIONS = ['agent-lost', 'agent-recovered', 'agent-draining'] as const;
export type AgentDecisionName = (typeof AGENT_DECISIONS)[number];

export interface AgentDecision extends DecisionBase {
  agent_id: string;
  incarnation: string;
  kind?: string;
  control_region: string;
}

/** `writer-claimed`: its partition has a new owner; every earlier writer is void from here on. */
export interface WriterClaimed {
  writer_epoch: number;
  writer_id: string;
}
