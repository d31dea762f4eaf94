import type { ConnectionStatus, DecisionBase, EndedCommand, FailoverLedger } from './decisions.ts';
import type { LegRejection, RelayCloseReason, RelayCloser } from './session-codes.ts';
import type { BrokerCommand } from './session-commands.ts';

/** Phases of a session. */
export const SESSION_PHASES = [
  'code-issued',
  'target-attached',
  'redirecting',
  'open',
  'draining',
  'interrupted',
  'ended',
  'expired',
  'rejected',
] as const;
export type SessionPhase = (typeof SESSION_PHASES)[number];

export const STATUS_OF_SESSION_PHASE: Record<SessionPhase, ConnectionStatus> = {
  'code-issued': 'requested',
  'target-attached': 'requested',
  redirecting: 'requested',
  open: 'active',
  draining: 'migrating',
  interrupted: 'migrating',
  ended: 'closed',
  expired: 'closed',
  rejected: 'closed',
};

/** What only sessions have. */
export const OWN_SESSION_DECISIONS = [
  'connection-code-issued',
  'target-accepted',
  'target-rejected',
  'controller-redirected',
  'session-interrupted',
  'session-resumed',
] as const;
/** What sessions and links have; `kind` of the data tells them apart. */
export const SHARED_DECISIONS = [
  'connection-assigned',
  'connection-activated',
  'connection-ended',
  'connection-rejected',
] as const;
export type SessionDecisionName = (typeof OWN_SESSION_DECISIONS)[number] | (typeof SHARED_DECISIONS)[number];

/** One endpoint's leg with a broker, in one life of that. */
export interface SessionLeg {
  broker_id: string;
  incarnation: string;
  /** Control region of the broker. */
  region: string;
  attachment_id: string;
  /** RFC 3339: `ce_time` of the fact that told of it; an earlier word on the same end is late. */
  attached_at: string;
  /** Round trips that this endpoint measured, in milliseconds, by broker; absent: it told none. */
  probes?: Record<string, number>;
}

/** The broker that carries the session, or is to, under one epoch. */
export interface SessionPlacement {
  epoch: number;
  broker_id: string;
  incarnation: string;
  /** Control region of the broker: its monitor watches it. */
  region: string;
  /** Where endpoints dial it. */
  address: string;
  target_attachment_id: string;
  /** The controller's leg that `open-relay` named; absent: it is not there yet. */
  controller_attachment_id?: string;
  /** Its relay stood, and may still: nothing said that it is over. */
  opened?: boolean;
}

/** What a relay carried, all its placements together. */
export interface SessionTraffic {
  bytes_up: number;
  bytes_down: number;
  duration_ms: number;
}

/**
 * What a session decision says beside DecisionBase; libs/domain's evolve() folds exactly these. What is absent is not so
 * after the decision.
 */
export interface SessionDecision extends DecisionBase<BrokerCommand> {
  connection_id: string;
  kind: 'session';
  home_region: string;
  status: ConnectionStatus;
  phase: SessionPhase;
  /** Who asked for the code; absent: nobody did, and the session is `rejected`. */
  controller_id?: string;
  /** The only identity that the code counts for, from its first use on. */
  target_id?: string;
  guest?: boolean;
  /** The target agreed to be controlled. */
  consented?: boolean;
  /** RFC 3339: until when the code can be used. */
  expires_at?: string;
  /** Where the session is: the broker of the placement, else that of the controller. */
  broker_id?: string;
  /** Where each end is attached, as far as known. */
  controller?: SessionLeg;
  target?: SessionLeg;
  /** The placement that exists after this decision: commanded and not over. */
  placement?: SessionPlacement;
  /** The placement before, whose relay may still stand, and has not said yet what it carried. */
  superseded?: SessionPlacement;
  /** The session was open once: the next opening resumes it. */
  opened?: boolean;
  /** Milliseconds that an interrupted session waits for its ends, as the target asked; absent: as policy says. */
  survive_ms?: number;
  /** The leg that this decision turns away, and why. */
  rejected?: { identity: string; broker_id: string; attachment_id: string; reason: LegRejection };
  /** The broker that the target was sent to, so that it is taken there. */
  advised?: string;
  /** How the latest relay ended. */
  closed?: { reason: RelayCloseReason; closed_by: RelayCloser };
  traffic?: SessionTraffic;
  /** The move that this decision begins, takes further or ends. */
  failover?: FailoverLedger;
  /** Commands that are over with this decision; the others wait for their answers still. */
  ended_commands?: EndedCommand[];
  /** RFC 3339: when this phase is looked at again if nothing comes. */
  due_at?: string;
  /** RFC 3339: when an interrupted session is over for want of its ends. */
  window_ends_at?: string;
  /** How often the commands of this phase were issued, 1 the first time. */
  attempt?: number;
}
