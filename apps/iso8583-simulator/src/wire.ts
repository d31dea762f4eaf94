import type { Socket } from 'node:net';
import { ByteQueue } from '#libs/relay';
import { decodeIso, encodeIso, type IsoMessage } from './codec.ts';

/** The local ISO wire: two bytes of length, big-endian, not counting themselves; no TPDU. */
const LENGTH_BYTES = 2;
/** A message that began must be whole after this: a peer that stops in its middle is let go. */
export const HALF_MESSAGE_LIMIT_MS = 10_000;

export interface WireHandlers {
  message(message: IsoMessage): void;
  /** Once; `fault` when it was let go for what it sent. */
  closed(fault: string | undefined): void;
}

/** One connection that speaks ISO 8583. What cannot be read ends it: there is no next message to find. */
export class IsoWire {
  private readonly bytes = new ByteQueue();
  private isClosed = false;
  private overdue: NodeJS.Timeout | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly handlers: WireHandlers,
    private readonly halfMessageLimitMs = HALF_MESSAGE_LIMIT_MS,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => this.close());
    socket.on('close', () => this.close());
  }

  send(message: IsoMessage): void {
    if (this.isClosed) return;
    const body = encodeIso(message);
    const header = Buffer.alloc(LENGTH_BYTES);
    header.writeUInt16BE(body.length);
    this.socket.write(Buffer.concat([header, body]));
  }

  close(fault?: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.overdue);
    this.socket.destroy();
    this.handlers.closed(fault);
  }

  private receive(chunk: Buffer): void {
    this.bytes.push(chunk);
    let messages = 0;
    try {
      for (let body = this.takeBody(); body !== undefined && !this.isClosed; body = this.takeBody()) {
        messages += 1;
        this.handlers.message(decodeIso(body));
      }
    } catch (error) {
      this.close(error instanceof Error ? error.message : 'unreadable');
    }
    this.limitHalf(messages > 0);
  }

  /** The time runs from a message's first bytes on, however slowly more of them come. */
  private limitHalf(isAnother: boolean): void {
    if (isAnother || this.bytes.length === 0) {
      clearTimeout(this.overdue);
      this.overdue = undefined;
    }
    if (this.isClosed || this.bytes.length === 0) return;
    this.overdue ??= setTimeout(() => this.close('message half sent'), this.halfMessageLimitMs);
  }

  private takeBody(): Buffer | undefined {
    const header = this.bytes.peek(LENGTH_BYTES);
    if (header === undefined) return undefined;
    const whole = this.bytes.take(LENGTH_BYTES + header.readUInt16BE(0));
    return whole?.subarray(LENGTH_BYTES);
  }
}
