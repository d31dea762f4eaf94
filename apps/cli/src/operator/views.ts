import type { AgentKind, ConnectionStatus } from '#libs/contracts';

/** What REST answers, as far as the command line shows it; `--output json` shows all of it, as it came. */

export interface ConnectionRow {
  readonly connection_id: string;
  readonly kind: string;
  readonly status: ConnectionStatus;
  readonly phase: string;
  readonly epoch: number;
  readonly version: number;
  readonly home_region: string;
  readonly client_id?: string;
  readonly server_id?: string;
  readonly broker_id?: string;
  readonly failover_target?: string;
  readonly health_score?: number;
  readonly last_heartbeat?: string;
  readonly updated_at: string;
}

export interface HealthRow {
  readonly time: string;
  readonly health_score: number;
}

export interface EventRow {
  readonly event_id: string;
  readonly type: string;
  readonly time: string;
  readonly partition: number;
  readonly offset: number;
  readonly region?: string;
  readonly connection_id?: string;
  readonly agent_id?: string;
  readonly data: {
    readonly version?: number;
    readonly epoch?: number;
    readonly status?: string;
    readonly phase?: string;
    readonly reason?: string;
    readonly client_id?: string;
    readonly server_id?: string;
    readonly broker_id?: string;
    readonly suppressed?: { readonly reason: string; readonly until?: string };
    readonly failover?: { readonly from?: string; readonly to?: string };
  };
}

export interface AgentRow {
  readonly agent_id: string;
  readonly kind?: AgentKind;
  readonly control_region?: string;
  readonly location?: string;
  readonly address?: string;
  readonly capacity?: number;
  readonly connections?: number;
  readonly draining: boolean;
  readonly status: 'alive' | 'suspect' | 'lost';
  readonly health_score?: number;
  readonly last_heartbeat?: string;
  readonly software_version?: string;
}

export interface FailoverRow {
  readonly failover_id: string;
  readonly connection_id: string;
  readonly from?: string;
  readonly to?: string;
  readonly reason: string;
  readonly detected_at: string;
  readonly decided_at?: string;
  readonly commanded_at?: string;
  readonly active_at?: string;
  readonly suppressed?: { readonly reason: string; readonly what: string; readonly until?: string };
}

/** The carrier of a connection: a link's server, a session's broker. */
export const carrierOf = ({ server_id, broker_id }: { server_id?: string; broker_id?: string }): string =>
  server_id ?? broker_id ?? '';
