import type { RelayCloseReason, RelayCloser } from '#libs/contracts';
import type { Leg } from './leg.ts';
import type { BrokerMetrics } from './metrics.ts';

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

  constructor(
    readonly epoch: number,
    readonly controller: Leg,
    readonly target: Leg,
    private readonly metrics: BrokerMetrics,
    private readonly nowMs: () => number,
  ) {
    this.openedMs = nowMs();
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

  /** @param bytes a whole data frame */
  carry(from: Leg, bytes: Buffer, payloadBytes: number): void {
    const direction = from === this.controller ? 'up' : 'down';
    if (direction === 'up') this.bytesUp += payloadBytes;
    else this.bytesDown += payloadBytes;
    this.metrics.bytes.inc({ direction }, payloadBytes);
    const reason = this.otherOf(from).carry(bytes, from);
    if (reason !== undefined) this.metrics.pauses.inc({ reason });
  }
}
