import type { AgentKind, Command, ConnectionHealth, FailureReason, RefusalReason } from '#libs/contracts';
import type { TraceContext } from '#libs/log';
import type { Clock, Logger } from '#libs/platform';
import type { FactOutbox } from './fact-outbox.ts';
import type { AgentMetrics } from './metrics.ts';
import type { Vigil } from './vigil.ts';

export interface AgentIdentity {
  readonly agentId: string;
  readonly kind: AgentKind;
  readonly region: string;
}

/** What everything in an agent works with; `metrics` are those of its kind. */
export interface AgentContext<Metrics extends AgentMetrics = AgentMetrics> {
  readonly identity: AgentIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly vigil: Vigil;
  readonly facts: FactOutbox;
  readonly metrics: Metrics;
  /** Something changed that the next health report should tell soon. */
  changed(): void;
}

/** The agent never began to run it. */
export class CommandRefusal extends Error {
  constructor(readonly reason: RefusalReason) {
    super(`refused: ${reason}`);
  }
}

/** The agent began and could not finish; that epoch is never carried here again. */
export class CommandFailure extends Error {
  constructor(readonly reason: FailureReason) {
    super(`failed: ${reason}`);
  }
}

/** A command of one kind of agent, with its name. */
export type NamedCommand = Command & { readonly name: string };

/** Why an agent stops everything it carries. */
export type StopReason = 'lease-lapsed' | 'asleep' | 'shutdown';

/** How a command came. */
export interface Commanded {
  /** RFC 3339; when its record was written. */
  readonly at: string;
  /** The trace that it is part of. */
  readonly trace?: TraceContext | undefined;
}

/** What carries connections, and so runs commands. */
export interface Carrier<C extends NamedCommand = NamedCommand> {
  /**
   * Runs a command that was judged to be for this agent, in time, and of a live epoch.
   * @throws CommandRefusal, CommandFailure
   */
  run(command: C, commanded: Commanded): Promise<void>;
  /** Stops everything before it returns, and says so. */
  stopAll(reason: StopReason): void;
  /** Looks after everything that goes by time; called every TICK_MS. */
  tick(): void;
  health(): ConnectionHealth[];
  /** The worst of all connections, 0 to 1, to report it soon when it rises; 0 where nothing is asked and answered. */
  readonly worstUnansweredRatio: number;
  /** Connections whose path stands. */
  readonly carrying: number;
  readonly capacity: number;
}

/** Epochs remembered; far above what one agent ever carries. */
export const MAX_KNOWN_CONNECTIONS = 100_000;

/** Grain of everything that goes by time, in milliseconds; nothing on the way of a byte waits for it. */
export const TICK_MS = 100;
