import type { Message } from './framing.ts';

export interface HoldLimits {
  /** A request waits at most, in milliseconds. */
  readonly holdMs: number;
  readonly holdMessages: number;
}

/** Requests that wait, in order, while a path or a backend is being replaced. Never longer, never more. */
export class HoldQueue {
  private held: { message: Message; sinceMs: number }[] = [];

  constructor(
    private readonly limits: HoldLimits,
    private readonly nowMs: () => number,
  ) {}

  get length(): number {
    return this.held.length;
  }

  /** False: it does not fit, and the caller lets the sender go. */
  push(message: Message): boolean {
    if (this.held.length >= this.limits.holdMessages) return false;
    this.held.push({ message, sinceMs: this.nowMs() });
    return true;
  }

  /** How long the oldest has waited; 0 when none waits. */
  get ageMs(): number {
    const oldest = this.held[0];
    return oldest === undefined ? 0 : this.nowMs() - oldest.sinceMs;
  }

  /** Compared before anything is sent, as a late send is worse than none. */
  get isOverdue(): boolean {
    return this.ageMs > this.limits.holdMs;
  }

  /** All of them, oldest first; the queue is empty after. */
  take(): Message[] {
    const messages = this.held.map((entry) => entry.message);
    this.held = [];
    return messages;
  }
}
