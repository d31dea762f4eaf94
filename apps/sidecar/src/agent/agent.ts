import type {
  AgentKind,
  ConnectionHealth,
  FailureReason,
  LossReason,
  RefusalReason,
  SidecarCommand,
} from '#libs/contracts';
import type { Clock, Logger } from '#libs/platform';
import type { FactOutbox } from './fact-outbox.ts';
import type { SidecarMetrics } from './metrics.ts';
import type { Vigil } from './vigil.ts';

export interface AgentIdentity {
  readonly agentId: string;
  readonly kind: AgentKind;
  readonly region: string;
}

/** What both roles work with. */
export interface AgentContext {
  readonly identity: AgentIdentity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly vigil: Vigil;
  readonly facts: FactOutbox;
  readonly metrics: SidecarMetrics;
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

/** One of the two roles: what carries links. */
export interface Carrier {
  /**
   * Runs a command that was judged to be for this agent, in time, and of a live epoch.
   * @throws CommandRefusal, CommandFailure
   */
  run(command: SidecarCommand, commandedAt: string): Promise<void>;
  /** Stops everything before it returns, and says so. */
  stopAll(reason: LossReason): void;
  /** Looks after everything that goes by time; called every TICK_MS. */
  tick(): void;
  health(): ConnectionHealth[];
  /** The worst of all links, to report it soon when it rises. */
  readonly worstUnansweredRatio: number;
  /** Connections whose path stands. */
  readonly carrying: number;
  readonly capacity: number;
  /** Requests that wait for a path or a backend. */
  readonly held: number;
}

/** Epochs remembered; far above what one sidecar ever carries. */
export const MAX_KNOWN_CONNECTIONS = 100_000;

/** Grain of everything that goes by time, in milliseconds; nothing on the way of a message waits for it. */
export const TICK_MS = 100;

/** The epochs of each connection that this process has seen: fencing. */
export class EpochFence {
  private readonly epochs = new Map<string, { highest: number; ended: number }>();

  constructor(private readonly maxConnections: number) {}

  /** @throws CommandRefusal for an epoch below the highest seen. */
  admit(connectionId: string, epoch: number): void {
    const known = this.epochs.get(connectionId);
    if (known !== undefined && epoch < known.highest) throw new CommandRefusal('stale-epoch');
    this.keep(connectionId, { highest: epoch, ended: known?.ended ?? 0 });
  }

  /** From here on this epoch, and any before it, is never carried by this process again. */
  end(connectionId: string, epoch: number): void {
    const known = this.epochs.get(connectionId) ?? { highest: epoch, ended: 0 };
    known.highest = Math.max(known.highest, epoch);
    known.ended = Math.max(known.ended, epoch);
    this.keep(connectionId, known);
  }

  /** Highest epoch seen; 1 for a connection that was never seen. */
  highest(connectionId: string): number {
    return this.epochs.get(connectionId)?.highest ?? 1;
  }

  mayCarry(connectionId: string, epoch: number): boolean {
    const known = this.epochs.get(connectionId);
    return known === undefined || (epoch >= known.highest && epoch > known.ended);
  }

  private keep(connectionId: string, known: { highest: number; ended: number }): void {
    this.epochs.delete(connectionId);
    this.epochs.set(connectionId, known);
    if (this.epochs.size <= this.maxConnections) return;
    const [oldest] = this.epochs.keys();
    if (oldest !== undefined) this.epochs.delete(oldest);
  }
}
