import { IsBoolean, IsIn, IsInt, IsNumber, Max, Min } from 'class-validator';
import {
  Address,
  ConnectionId,
  Count,
  Epoch,
  Incarnation,
  KindOfAgent,
  ListOf,
  Name,
  Optional,
  Reason,
} from './fields.ts';
import { LIMITS } from './limits.ts';
import type { AgentKind } from './names.ts';

/** How one connection of an agent does, since the report before. */
export class ConnectionHealth {
  @ConnectionId() connection_id!: string;
  @Epoch() epoch!: number;
  /** `active`: carries; `idle`: placed here, no path yet; `draining`. */
  @IsIn(['active', 'idle', 'draining']) status!: 'active' | 'idle' | 'draining';
  /** Whose connection it is; absent: the agent's control region. */
  @Optional() @Name() home_region?: string;
  /** The link's group, as the command to accept it named it. */
  @Optional() @Name() link_group?: string;
  /** Keepalive round trip between the sidecars, in milliseconds; absent: none measured yet. */
  @Optional() @IsNumber() @Min(0) rtt_ms?: number;
  /** 99th percentile of the application's response time, in milliseconds; absent: no response yet. */
  @Optional() @IsNumber() @Min(0) response_p99_ms?: number;
  /** Share of the requests due for an answer that got none, 0 to 1. */
  @IsNumber() @Min(0) @Max(1) unanswered_ratio!: number;
  /** Requests sent and not yet answered. */
  @Count() in_flight!: number;
}

/** An agent's heartbeat: who it is, what it can take, what it carries. */
export class HealthReport {
  @Name() agent_id!: string;
  @Incarnation() incarnation!: string;
  @KindOfAgent() kind!: AgentKind;
  @Name() control_region!: string;
  @Name() location!: string;
  @Optional() @Name() server_group?: string;
  /** Grows by one with each report of an incarnation; parts of one report share it. */
  @Count() sequence!: number;
  /** Absent: TIMING.reportIntervalMs. */
  @Optional() @IsInt() @Min(100) @Max(60_000) interval_ms?: number;
  /** Absent: this agent has no lease. */
  @Optional() @IsInt() @Min(1_000) @Max(3_600_000) lease_ms?: number;
  /** Where the agent is dialled, `host:port`. */
  @Address() address!: string;
  /** Connections it takes at most. */
  @Count() capacity!: number;
  @IsBoolean() draining!: boolean;
  @Reason() software_version!: string;
  @ListOf(() => ConnectionHealth, LIMITS.connectionsPerReport)
  connections!: ConnectionHealth[];
  /** This record's number, from 1, of `parts`; both absent: 1 of 1. */
  @Optional() @IsInt() @Min(1) @Max(LIMITS.reportParts) part?: number;
  @Optional() @IsInt() @Min(1) @Max(LIMITS.reportParts) parts?: number;
}
