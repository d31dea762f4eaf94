import { randomUUID } from 'node:crypto';
import type { Clock } from '#libs/platform';

export interface VigilOptions {
  readonly clock: Clock;
  /** Absent: this agent carries without a lease. */
  readonly leaseMs?: number;
  /** Two looks at the clock further apart than this mean that the process was asleep. */
  readonly asleepMs: number;
}

export interface VigilHandlers {
  /** Everything carried must stop before this returns. */
  stop(reason: 'lease-lapsed' | 'asleep'): void;
  /** After `stop`, once the new incarnation has begun. */
  begun(incarnation: string): void;
}

/**
 * May this process carry anything right now? It holds a lease, if it has to, that each acknowledged health report
 * renews, and it must not have slept. Both are judged on the clock that runs on while a machine is suspended, at each
 * look: timers of a process that was stopped fire late, after what had queued up for it was handled.
 */
export class Vigil {
  private currentIncarnation: string = randomUUID();
  private lookedBootMs: number;
  private leaseEndBootMs: number | undefined;
  private handlers: VigilHandlers | undefined;

  constructor(private readonly options: VigilOptions) {
    this.lookedBootMs = options.clock.bootMs();
  }

  watch(handlers: VigilHandlers): void {
    this.handlers = handlers;
  }

  /** One life of this agent: from its start, from a lapsed lease or, without one, from a sleep, on. */
  get incarnation(): string {
    return this.currentIncarnation;
  }

  /** Time left, in milliseconds; 0: not held; infinite without a lease. */
  get leaseLeftMs(): number {
    if (this.options.leaseMs === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, (this.leaseEndBootMs ?? 0) - this.options.clock.bootMs());
  }

  /** Whether anything may be written or handled; called before each time. What may not go on is stopped when it returns. */
  look(): boolean {
    const nowMs = this.options.clock.bootMs();
    const apartMs = nowMs - this.lookedBootMs;
    this.lookedBootMs = nowMs;
    if (this.options.leaseMs === undefined) {
      if (apartMs <= this.options.asleepMs) return true;
      this.endLife('asleep');
      return false;
    }
    // Before the lease is held nothing is carried that could be stopped.
    if (this.leaseEndBootMs === undefined) return false;
    if (nowMs >= this.leaseEndBootMs) {
      this.leaseEndBootMs = undefined;
      this.endLife('lease-lapsed');
      return false;
    }
    if (apartMs > this.options.asleepMs) {
      this.handlers?.stop('asleep');
      return false;
    }
    return true;
  }

  /** To be read just before a report is sent. */
  get bootMs(): number {
    return this.options.clock.bootMs();
  }

  /** A report of this incarnation was acknowledged; one of an earlier life renews nothing. */
  renew(sentBootMs: number, incarnation: string): void {
    const { leaseMs } = this.options;
    if (leaseMs === undefined || incarnation !== this.currentIncarnation) return;
    const nowMs = this.options.clock.bootMs();
    // A lease that ended before anybody looked has ended all the same: others may count on it.
    if (this.leaseEndBootMs !== undefined && nowMs >= this.leaseEndBootMs) {
      this.leaseEndBootMs = undefined;
      this.endLife('lease-lapsed');
      return;
    }
    const endMs = sentBootMs + leaseMs;
    if (endMs <= nowMs) return;
    this.leaseEndBootMs = Math.max(endMs, this.leaseEndBootMs ?? 0);
  }

  private endLife(reason: 'lease-lapsed' | 'asleep'): void {
    this.handlers?.stop(reason);
    this.currentIncarnation = randomUUID();
    this.handlers?.begun(this.currentIncarnation);
  }
}
