import { IsBoolean, IsIn } from 'class-validator';
import { PEER_OUTCOMES, type PeerOutcome } from './codes.ts';
import {
  Address,
  BoundedObject,
  ConnectionId,
  Count,
  Epoch,
  Incarnation,
  KindOfAgent,
  Name,
  Nested,
  Optional,
  Ratio,
  Reason,
  Score,
  Timestamp,
} from './fields.ts';
import { LIMITS } from './limits.ts';
import type { AgentKind } from './names.ts';
import { PolicySettings } from './policy.ts';

/**
 * Facts: what an agent or a service reports happened; published to `connection-status`, not yet judged.
 * Unknown members are ignored, so that a newer program may say more.
 */

/** Which connection a fact is on. */
export class OnConnection {
  @ConnectionId() connection_id!: string;
  /** Whose connection it is; absent: the control region of the topic. */
  @Optional() @Name() home_region?: string;
}

/** What every fact on a connection carries. */
export class ConnectionFact extends OnConnection {
  /** The agent that says so; absent when a service or an operator does. */
  @Optional() @Name() agent_id?: string;
  @Optional() @Incarnation() incarnation?: string;
}

/** A link is wanted; repeated by the client sidecar at each of its starts. Of a session: SessionRequest. */
export class ConnectionRequest extends ConnectionFact {
  @IsIn(['link']) kind!: 'link';
  @Name() client_id!: string;
  @Name() server_group!: string;
  @Optional() @Name() preferred_server?: string;
  @Optional() @Name() dr_client_id?: string;
  @Optional() @Name() link_group?: string;
  @Optional() @Name() policy?: string;
  @Optional() @BoundedObject(LIMITS.metadataBytes) metadata?: Record<string, unknown>;
}

/** The path of this epoch stands, end to end; said by the client sidecar. */
export class NewConnectionEstablished extends ConnectionFact {
  @Name() client_id!: string;
  @Name() server_id!: string;
  @Epoch() epoch!: number;
  /** `ce_time` of the connect command, so that anyone can reckon the ledger of times. */
  @Optional() @Reason() commanded_at?: string;
}

/**
 * The agent that says so carried this epoch, has stopped, and will never carry it again.
 * `agent_id` is the confirming end; `observed_by` its kind.
 */
export class ConnectionLost extends ConnectionFact {
  @Optional() @Name() client_id?: string;
  @Optional() @Name() server_id?: string;
  @Epoch() epoch!: number;
  /** One of LOSS_REASONS; an unknown word counts as `peer-closed`. */
  @Reason() reason!: string;
  @Name() observed_by!: string;
}

/** The health score fell (degraded) or rose (recovered) across its threshold, with hysteresis. */
export class ConnectionDegraded extends ConnectionFact {
  @Epoch() epoch!: number;
  @Score() health_score!: number;
  /** What lowered the score: term name → points taken off, 0 to 100. */
  @BoundedObject(LIMITS.metadataBytes, 'number') terms!: Record<string, number>;
  /** Share of the requests due for an answer that got none, 0 to 1: what a decision to move cites. */
  @Optional() @Ratio() unanswered_ratio?: number;
}
export class ConnectionRecovered extends ConnectionDegraded {}

/** The client gives the link up for good. */
export class ConnectionClosed extends ConnectionFact {
  @Epoch() epoch!: number;
  @Reason() reason!: string;
  @Optional() @Count() bytes_up?: number;
  @Optional() @Count() bytes_down?: number;
}

/** An operator or a service asks for a move. */
export class FailoverRequested extends ConnectionFact {
  @Reason() reason!: string;
  @Reason() requested_by!: string;
  /** true: drain first, and only if another server fits. */
  @Optional() @IsBoolean() planned?: boolean;
  /** Only if the connection's epoch is still this one. */
  @Optional() @Epoch() epoch?: number;
  /** Ends a placement without a lease, without a confirmation. */
  @Optional() @IsBoolean() force?: boolean;
}

/** An agent's answer to a command. Every command is answered by exactly one of these three, maybe repeated. */
export class CommandAnswer extends OnConnection {
  @Reason() command_id!: string;
  @Epoch() epoch!: number;
  @Name() agent_id!: string;
  @Incarnation() incarnation!: string;
  /** The command's name, so that an answer reads by itself. */
  @Optional() @Reason() command?: string;
}
export class CommandSucceeded extends CommandAnswer {
  @Optional() @Reason() reason?: string;
}
/** `reason`: one of FAILURE_REASONS; unknown words are kept as they are. */
export class CommandFailed extends CommandAnswer {
  @Reason() reason!: string;
}
/** `reason`: one of REFUSAL_REASONS. */
export class CommandRefused extends CommandAnswer {
  @Reason() reason!: string;
}

/** The server sidecar's pool moved a link to another pod, without a decision. Pods are `host:port`. */
export class BackendChanged extends ConnectionFact {
  @Epoch() epoch!: number;
  @Optional() @Reason() from?: string;
  @Reason() to!: string;
  @Reason() reason!: string;
}

/** Facts on an agent as a whole; key `agent_id`, written to every partition. */
export class AgentFact {
  @Name() agent_id!: string;
  @Incarnation() incarnation!: string;
  /** The agent's own control region; only there decisions on it are made. */
  @Optional() @Name() control_region?: string;
  @Optional() @KindOfAgent() kind?: AgentKind;
}
/** Lease plus margin passed without a report of this incarnation; its placements are over. */
export class AgentSilent extends AgentFact {
  @Optional() @Count() silent_ms?: number;
}
export class AgentReturned extends AgentFact {}
export class AgentDrainRequested extends AgentFact {
  @Reason() reason!: string;
  @Reason() requested_by!: string;
}

/**
 * The peer asks for a server for the next placement of a connection whose home it is; published by the gRPC
 * door into its own region's topic, where the connection is a reservation.
 */
export class ServerRequested extends OnConnection {
  @Name() client_id!: string;
  @Name() server_group!: string;
  /** The server to be left out; absent: none failed. */
  @Optional() @Name() failed_server_id?: string;
  @Reason() reason!: string;
  /** Of the new placement; minted by the home. */
  @Epoch() epoch!: number;
  /** The home of the connection: the control region that asks. */
  @Name() requesting_region!: string;
}

/** How the question that a decision asked of the peer ended; published by the home's control loop. */
export class PeerAnswered extends OnConnection {
  /** Of the question. */
  @Epoch() epoch!: number;
  /** The control region that was asked. */
  @Name() peer_region!: string;
  @IsIn(PEER_OUTCOMES) outcome!: PeerOutcome;
  @Optional() @Name() server_id?: string;
  @Optional() @Address() address?: string;
  @Optional() @Timestamp() expires_at?: string;
  /** The peer's own word for a refusal, or what went wrong on the way. */
  @Optional() @Reason() reason?: string;
  /** From the question to its end, in milliseconds. */
  @Count() took_ms!: number;
}

/**
 * Facts on a control region's own settings; key `region/<control_region>`, written to every partition, so that every
 * decider knows them. Of two on the same thing the one with the higher `setting_version` counts, then the higher `ce_id`.
 */
export class RegionFact {
  @Name() control_region!: string;
  @Reason() requested_by!: string;
  @Optional() @Reason() reason?: string;
}
/** A policy is set anew as a whole. */
export class PolicyChangeRequested extends RegionFact {
  @Name() policy!: string;
  /** One more than the version that the requester saw, from 1. */
  @Epoch() setting_version!: number;
  /** Links of this group that name no policy of their own go by it. */
  @Optional() @Name() server_group?: string;
  @Nested(() => PolicySettings) settings!: PolicySettings;
}
/** No planned moves and no failback until then; a time that has passed ends a freeze. */
export class FreezeRequested extends RegionFact {
  @Timestamp() until!: string;
  /** Milliseconds since 1970 at the request: the later one counts. */
  @Epoch() setting_version!: number;
}
/** An operator agrees that links held back by the blast radius move. */
export class FailoverApproved extends RegionFact {
  /** The held failover that was looked at. */
  @Reason() failover_id!: string;
  /** What it was held for: all links held for the same cause are let go. */
  @Reason() cause!: string;
  /** RFC 3339: links that fail for this cause up to then are not held back again. */
  @Timestamp() until!: string;
  /** Milliseconds since 1970 at the request. */
  @Epoch() setting_version!: number;
}
