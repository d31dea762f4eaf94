import { IsBoolean, IsIn, IsInt, IsNumber, Max, Min } from 'class-validator';
import { Optional } from './fields.ts';
import { LIMITS } from './limits.ts';
import { BROKER_PLACEMENTS, type BrokerPlacement } from './session-codes.ts';

const HOUR_MS = 3_600_000;

/** Failback to the client that was asked for: by an operator, or by itself once that has been well for a window. */
export const FAILBACK_MODES = ['manual', 'automatic'] as const;
export type FailbackMode = (typeof FAILBACK_MODES)[number];

/** What links go by that may differ from one to the next; what is absent is as POLICY_DEFAULTS has it. */
export class PolicySettings {
  /** Unplanned moves of one link within the window, up to which it moves at once. */
  @Optional() @IsInt() @Min(1) @Max(32) damping_max_moves?: number;
  @Optional() @IsInt() @Min(1_000) @Max(HOUR_MS) damping_window_ms?: number;
  /** Lives of one agent that may begin within the window before it is no longer chosen. */
  @Optional() @IsInt() @Min(1) @Max(64) agent_max_restarts?: number;
  @Optional() @IsInt() @Min(1_000) @Max(HOUR_MS) agent_window_ms?: number;
  /** Share of a server group's links that may move for one cause within the window, 0 to 1; 1: no limit. */
  @Optional() @IsNumber() @Min(0) @Max(1) blast_share?: number;
  @Optional() @IsInt() @Min(1_000) @Max(HOUR_MS) blast_window_ms?: number;
  /** So many links may move in any case, however few there are. */
  @Optional() @IsInt() @Min(0) @Max(1_000_000) blast_free_links?: number;
  @Optional() @IsIn(FAILBACK_MODES) failback?: FailbackMode;
  /** How long the client must have been well for an automatic failback, in milliseconds. */
  @Optional() @IsInt() @Min(1_000) @Max(24 * HOUR_MS) failback_after_ms?: number;
  /** How long a client whose server lost it may take to stand again before its DR client takes over, in milliseconds. */
  @Optional() @IsInt() @Min(50) @Max(60_000) client_probe_ms?: number;
  /** Sessions: a target that nobody enrolled may come by the code alone. */
  @Optional() @IsBoolean() guest_targets?: boolean;
  /** Sessions: which broker carries them. */
  @Optional() @IsIn(BROKER_PLACEMENTS) broker_placement?: BrokerPlacement;
  /** Sessions: how long an interrupted one waits for its ends, in milliseconds, when its target asks for no longer. */
  @Optional() @IsInt() @Min(1_000) @Max(LIMITS.surviveMs) session_window_ms?: number;
}

/** Policy version 0: what a link goes by that has no policy. */
export const POLICY_DEFAULTS: Required<PolicySettings> = {
  damping_max_moves: 15,
  damping_window_ms: 60_000,
  agent_max_restarts: 10,
  agent_window_ms: 60_000,
  blast_share: 0.8,
  blast_window_ms: 60_000,
  blast_free_links: 20,
  failback: 'manual',
  failback_after_ms: 300_000,
  client_probe_ms: 500,
  guest_targets: true,
  broker_placement: 'nearest-target',
  // A laptop that sleeps for a minute is back in time, with as much again to be missed and to find its network.
  session_window_ms: 120_000,
};
