import type { Duplex } from 'node:stream';
import { Inbound } from './inbound.ts';
import { cutLocal } from './local.ts';
import { Outbound, type SendBudget } from './outbound.ts';
import {
  encodeStreamOffset,
  encodeStreamOpen,
  encodeStreamReset,
  type ResetReason,
  type SyncEntry,
} from './stream-protocol.ts';

/** What a stream wants of the session that carries it. */
export interface StreamOwner extends SendBudget {
  /** The stream has frames to send now. */
  due(stream: Stream): void;
  /** The stream has an acknowledgement to send, soon. */
  ackDue(stream: Stream): void;
  /** The stream waits for room in what all streams share; its `roomCame` is called when there may be some. */
  waitForRoom(stream: Stream): void;
  /** The stream is over and forgotten. */
  forget(stream: Stream): void;
  /** Bytes that came and that the local program has not taken yet. @throws StreamProtocolError when too many */
  countUndelivered(bytes: number): void;
}

/**
 * - `unannounced`: the other side was never told of it
 * - `open`
 * - `resetting`: cut by this side, until the other's reset comes
 * - `echoing`: cut by the other side, until this side's reset is sent
 * - `forgotten`
 */
type StreamState = 'unannounced' | 'open' | 'resetting' | 'echoing' | 'forgotten';

/** One byte stream of a session, with the local connection at this end of it. */
export class Stream {
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  private state: StreamState;
  private resetReason: ResetReason = 'reset';
  private resetSent = false;
  private ackSent = 0;
  /** A local connection that never came to be is told apart from one that broke. */
  private wasReady: boolean;

  constructor(
    readonly id: number,
    private readonly local: Duplex,
    private readonly owner: StreamOwner,
    origin: 'here' | 'there',
    windowBytes: number,
  ) {
    this.state = origin === 'here' ? 'unannounced' : 'open';
    this.wasReady = origin === 'here' || !('connecting' in local && local.connecting === true);
    this.outbound = new Outbound(local, {
      budget: owner,
      windowBytes,
      due: () => owner.due(this),
      waitForRoom: () => owner.waitForRoom(this),
    });
    this.inbound = new Inbound(local, windowBytes, (bytes) => {
      owner.countUndelivered(-bytes);
      owner.ackDue(this);
    });
    local.once('connect', () => {
      this.wasReady = true;
    });
    local.on('error', () => this.cut(this.wasReady ? 'reset' : 'refused'));
    local.on('close', () => {
      if (!this.outbound.ended || !this.inbound.isDelivered) this.cut('reset');
    });
    this.outbound.start();
  }

  /** There may be room in what the streams share. */
  roomCame(): void {
    this.outbound.readOn();
    this.owner.due(this);
  }

  /** What this side's sync says of it; undefined: nothing. */
  get syncEntry(): SyncEntry | undefined {
    if (this.state === 'unannounced' || this.state === 'echoing') return undefined;
    const { received, delivered: acknowledged } = this.inbound;
    return { id: this.id, isReset: this.state === 'resetting', received, acknowledged };
  }

  get isAnnounced(): boolean {
    return this.state !== 'unannounced';
  }

  /** The next frame to send; undefined when there is none now. */
  nextFrame(): Buffer | undefined {
    switch (this.state) {
      case 'unannounced':
        this.state = 'open';
        return encodeStreamOpen(this.id);
      case 'open':
        return this.nextAck() ?? this.outbound.nextFrame(this.id);
      case 'resetting':
        if (this.resetSent) return undefined;
        this.resetSent = true;
        return encodeStreamReset(this.id, this.resetReason);
      case 'echoing':
        this.forget();
        return encodeStreamReset(this.id, this.resetReason);
      case 'forgotten':
        return undefined;
      default:
        return this.state satisfies never;
    }
  }

  receiveData(offset: number, bytes: Buffer): number {
    if (this.state !== 'open') return 0;
    return this.inbound.receive(offset, bytes, (count) => this.owner.countUndelivered(count));
  }

  receiveFin(offset: number): void {
    if (this.state === 'open') this.inbound.receiveEnd(offset);
  }

  receiveAck(offset: number): void {
    if (this.state !== 'open') return;
    this.outbound.acknowledge(offset);
    this.forgetWhenDone();
  }

  receiveReset(): void {
    if (this.state === 'resetting') this.forget();
    if (this.state !== 'open') return;
    this.state = 'echoing';
    this.release();
    this.owner.due(this);
  }

  /** Cuts it from this side. */
  cut(reason: ResetReason): void {
    if (this.state === 'unannounced') this.drop();
    if (this.state !== 'open') return;
    this.state = 'resetting';
    this.resetReason = reason;
    this.release();
    this.owner.due(this);
  }

  /** Cuts it without a word to the other side, which does not know it. */
  drop(): void {
    if (this.state === 'forgotten') return;
    this.forget();
    this.release();
  }

  /** Goes on from where the other side says it is, in a new epoch. @throws StreamProtocolError */
  resume(entry: SyncEntry): void {
    if (this.state === 'echoing') this.forget();
    this.resetSent = false;
    this.ackSent = 0;
    if (entry.isReset) this.receiveReset();
    if (this.state === 'open') this.outbound.rewind(entry.received, entry.acknowledged);
    this.owner.due(this);
  }

  /** The other side never heard of it: all is sent again. */
  announceAgain(): void {
    if (this.state !== 'open') {
      this.forget();
      return;
    }
    this.state = 'unannounced';
    this.outbound.rewind(0, 0);
    this.owner.due(this);
  }

  /** The other side has finished with it: it has all, and knows that this side has all. */
  finish(): void {
    if (this.state === 'open' && this.outbound.ended && this.inbound.isDelivered) this.forget();
    else this.drop();
  }

  private nextAck(): Buffer | undefined {
    const { delivered } = this.inbound;
    if (delivered <= this.ackSent) return undefined;
    this.ackSent = delivered;
    this.forgetWhenDone();
    return encodeStreamOffset('ack', this.id, delivered);
  }

  private forgetWhenDone(): void {
    const { delivered, isDelivered } = this.inbound;
    if (this.outbound.isAcknowledged && isDelivered && this.ackSent === delivered) this.forget();
  }

  private forget(): void {
    this.state = 'forgotten';
    this.outbound.release();
    this.owner.forget(this);
  }

  private release(): void {
    this.outbound.release();
    this.owner.countUndelivered(-this.inbound.release());
    cutLocal(this.local);
  }
}
