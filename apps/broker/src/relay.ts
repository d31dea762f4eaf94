import type { RelayCloseReason, RelayCloser } from '#libs/contracts';
import type { Leg } from './leg.ts';
import type { BrokerMetrics } from './metrics.ts';

type ByteCounter = ReturnType<BrokerMetrics['bytes']['labels']>;

/** How a relay ended. */
export interface RelayEnd {
  readonly reason: RelayCloseReason;
  readonly closedBy: RelayCloser;
}

/** Two legs spliced for one epoch: whole data frames from the one to the other, as fast as the slower reads. */
export class Relay {
  bytesUp = 0;
  bytesDown = 0;
  private readonly openedMs: number;
  private readonly countUp: ByteCounter;
  private readonly countDown: ByteCounter;

  constructor(
    readonly epoch: number,
    readonly controller: Leg,
    readonly target: Leg,
    private readonly metrics: BrokerMetrics,
    private readonly nowMs: () => number,
  ) {
    this.openedMs = nowMs();
    // Looked up once: a frame of a keystroke should not cost more to be counted than to be passed on.
    this.countUp = metrics.bytes.labels('up');
    this.countDown = metrics.bytes.labels('down');
  }

  has(leg: Leg): boolean {
    return leg === this.controller || leg === this.target;
  }

  otherOf(leg: Leg): Leg {
    return leg === this.controller ? this.target : this.controller;
  }

  get durationMs(): number {
    return Math.max(0, Math.round(this.nowMs() - this.openedMs));
  }

  /** @param parts a whole data frame */
  carry(from: Leg, parts: readonly Buffer[], payloadBytes: number): void {
    if (from === this.controller) {
      this.bytesUp += payloadBytes;
      this.countUp.inc(payloadBytes);
    } else {
      this.bytesDown += payloadBytes;
      this.countDown.inc(payloadBytes);
    }
    const reason = this.otherOf(from).carry(parts, from);
    if (reason !== undefined) this.metrics.pauses.inc({ reason });
  }
}
