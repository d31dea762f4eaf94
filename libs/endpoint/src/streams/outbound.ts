import type { Duplex } from 'node:stream';
import { ByteStore } from './byte-store.ts';
import {
  encodeStreamData,
  encodeStreamOffset,
  STREAM_LIMITS,
  StreamProtocolError,
} from './stream-protocol.ts';

/** What the streams of a session share: bytes kept until they are acknowledged, and bytes under way. */
export interface SendBudget {
  /** What the other side takes of one stream beyond what it acknowledged. */
  readonly peerWindowBytes: number;
  /** Bytes that may be under way beyond the streams' reserves. */
  readonly sharedLeftBytes: number;
  /** Whether streams that keep more than their reserve may read on. */
  readonly mayKeepMore: boolean;
  countKept(bytes: number): void;
  countShared(bytes: number): void;
  countSent(bytes: number): void;
}

export interface OutboundOptions {
  readonly budget: SendBudget;
  /** Bytes kept at most, but for the chunk that exceeds it. */
  readonly windowBytes: number;
  /** There is something to send. */
  readonly due: () => void;
  /** It waits for what the streams share: `readOn` and `due` are to follow when there may be room. */
  readonly waitForRoom: () => void;
}

/** One direction of a stream, from the local connection to the other side: kept until it is acknowledged. */
export class Outbound {
  private readonly budget: SendBudget;
  private readonly store = new ByteStore();
  /** Offset of the next byte to send; one behind the last byte when the end was sent. */
  private next = 0;
  /** The highest `next` so far: nothing beyond can have been received. */
  private reached = 0;
  private acknowledged = 0;
  private isEnded = false;
  private isReleased = false;
  private shared = 0;

  constructor(
    private readonly local: Duplex,
    private readonly options: OutboundOptions,
  ) {
    this.budget = options.budget;
  }

  /** The local connection has said all. */
  get ended(): boolean {
    return this.isEnded;
  }

  /** All was acknowledged, the end included. */
  get isAcknowledged(): boolean {
    return this.isEnded && this.acknowledged === this.store.end + 1;
  }

  start(): void {
    this.local.on('data', (chunk: Buffer | string) => {
      if (this.isReleased) return;
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      this.store.append(bytes);
      this.budget.countKept(bytes.length);
      if (!this.hasRoom()) this.pause();
      this.options.due();
    });
    this.local.on('end', () => {
      if (this.isReleased) return;
      this.isEnded = true;
      this.options.due();
    });
  }

  nextFrame(id: number): Buffer | undefined {
    const { end } = this.store;
    if (this.next < end) {
      const length = Math.min(end - this.next, this.allowance(), STREAM_LIMITS.chunkBytes);
      if (length <= 0) return undefined;
      const offset = this.next;
      const frame = encodeStreamData(id, offset, length, (into) => this.store.copy(offset, into));
      this.advance(offset + length);
      return frame;
    }
    if (!this.isEnded || this.next > end) return undefined;
    this.advance(end + 1);
    return encodeStreamOffset('fin', id, end);
  }

  /** @throws StreamProtocolError `bad-offset` for what was never sent */
  acknowledge(offset: number): void {
    if (offset > this.reached)
      throw new StreamProtocolError('bad-offset', 'acknowledged what was never sent');
    if (offset <= this.acknowledged) return;
    this.acknowledged = offset;
    const before = this.store.length;
    this.store.dropTo(offset);
    this.budget.countKept(this.store.length - before);
    this.next = Math.max(this.next, offset);
    this.countShared();
    this.readOn();
    this.options.due();
  }

  /** Goes back to what the other side has. @throws StreamProtocolError `gap`, `bad-offset` */
  rewind(received: number, acknowledged: number): void {
    if (received < acknowledged || received > this.reached) {
      throw new StreamProtocolError('bad-offset', 'received what was never sent');
    }
    this.acknowledge(acknowledged);
    if (received < this.acknowledged) {
      throw new StreamProtocolError('gap', `acknowledged to ${this.acknowledged}, received to ${received}`);
    }
    this.next = received;
    this.countShared();
  }

  /** Reads on from the local connection, if it stopped for want of room and there is some. */
  readOn(): void {
    if (this.isReleased || !this.local.isPaused()) return;
    if (this.hasRoom()) this.local.resume();
    else this.pause();
  }

  /** Gives up what is kept. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.budget.countKept(-this.store.length);
    this.store.clear();
    this.budget.countShared(-this.shared);
    this.shared = 0;
  }

  private advance(next: number): void {
    this.next = next;
    if (next > this.reached) {
      this.budget.countSent(Math.min(next, this.store.end) - Math.min(this.reached, this.store.end));
      this.reached = next;
    }
    this.countShared();
  }

  private allowance(): number {
    const { peerWindowBytes, sharedLeftBytes } = this.budget;
    const underWay = this.underWay();
    const own = STREAM_LIMITS.reservedBytes - underWay;
    const allowed = Math.min(peerWindowBytes - underWay, Math.max(own, 0) + sharedLeftBytes);
    if (allowed <= 0 && peerWindowBytes > underWay) this.options.waitForRoom();
    return allowed;
  }

  private underWay(): number {
    return Math.min(this.next, this.store.end) - this.store.start;
  }

  private countShared(): void {
    if (this.isReleased) return;
    const shared = Math.max(0, this.underWay() - STREAM_LIMITS.reservedBytes);
    const more = shared - this.shared;
    this.shared = shared;
    if (more !== 0) this.budget.countShared(more);
  }

  private hasRoom(): boolean {
    const kept = this.store.length;
    return kept < this.options.windowBytes && (kept < STREAM_LIMITS.reservedBytes || this.budget.mayKeepMore);
  }

  private pause(): void {
    this.local.pause();
    if (this.store.length < this.options.windowBytes) this.options.waitForRoom();
  }
}
