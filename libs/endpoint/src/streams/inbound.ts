import type { Duplex } from 'node:stream';
import { ByteStore } from './byte-store.ts';
import { StreamProtocolError } from './stream-protocol.ts';

/** Bytes handed to the local connection at once. */
const WRITE_BYTES = 64 * 1024;

/** One direction of a stream, from the other side to the local connection: in order, once, at the local's pace. */
export class Inbound {
  /** From what the local connection has taken to what came. */
  private readonly store = new ByteStore();
  private isEnded = false;
  private endDelivered = false;
  private isBusy = false;
  private isEnding = false;
  private isReleased = false;

  constructor(
    private readonly local: Duplex,
    private readonly windowBytes: number,
    /** The local connection took so many bytes; 0: the end. */
    private readonly took: (bytes: number) => void,
  ) {}

  /** Offset behind what came; the end counts as one. */
  get received(): number {
    return this.store.end + (this.isEnded ? 1 : 0);
  }

  /** Offset behind what the local connection took; the end counts as one. */
  get delivered(): number {
    return this.store.start + (this.endDelivered ? 1 : 0);
  }

  /** The local connection took all, the end included. */
  get isDelivered(): boolean {
    return this.endDelivered;
  }

  /**
   * @param count is told how many bytes are new
   * @returns how many bytes are new
   * @throws StreamProtocolError
   */
  receive(offset: number, bytes: Buffer, count: (bytes: number) => void): number {
    const { end } = this.store;
    if (offset > end) throw new StreamProtocolError('gap', `bytes ${end} to ${offset} never came`);
    const fresh = bytes.subarray(end - offset);
    if (fresh.length === 0) return 0;
    if (this.isEnded) throw new StreamProtocolError('bad-offset', 'bytes behind the end');
    if (this.store.length + fresh.length > this.windowBytes) {
      throw new StreamProtocolError('window-exceeded', 'of a stream');
    }
    this.store.append(fresh);
    count(fresh.length);
    this.deliver();
    return fresh.length;
  }

  /** @throws StreamProtocolError */
  receiveEnd(offset: number): void {
    if (this.isEnded && offset === this.store.end) return;
    if (offset !== this.store.end) {
      const fault = offset > this.store.end && !this.isEnded ? 'gap' : 'bad-offset';
      throw new StreamProtocolError(fault, `an end at ${offset}, bytes to ${this.store.end}`);
    }
    this.isEnded = true;
    this.deliver();
  }

  /** Gives up what was not taken. @returns how many bytes */
  release(): number {
    if (this.isReleased) return 0;
    this.isReleased = true;
    const { length } = this.store;
    this.store.clear();
    return length;
  }

  private deliver(): void {
    if (this.isBusy || this.isReleased) return;
    if (this.store.length > 0) {
      this.isBusy = true;
      const piece = this.store.peek(this.store.start, WRITE_BYTES);
      this.local.write(piece, (error) => {
        this.isBusy = false;
        // Whatever broke it is told by the connection's own events.
        if (error || this.isReleased) return;
        this.store.dropTo(this.store.start + piece.length);
        this.took(piece.length);
        this.deliver();
      });
      return;
    }
    if (!this.isEnded || this.isEnding) return;
    this.isEnding = true;
    this.local.end(() => {
      if (this.isReleased || !this.local.writableFinished) return;
      this.endDelivered = true;
      this.took(0);
    });
  }
}
