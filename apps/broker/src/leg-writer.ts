import type { TLSSocket } from 'node:tls';

/** Pieces below this are joined with what else is written in the same turn. */
const SMALL_PIECE_BYTES = 4 * 1024;

/**
 * What leaves by an endpoint's connection: large pieces as they came, small ones together as one TLS record, so that
 * neither a keystroke nor a full buffer costs more than it has to.
 */
export class LegWriter {
  private small: Buffer[] = [];
  private smallBytes = 0;

  constructor(private readonly socket: TLSSocket) {
    // What waits in the stream leaves piece by piece: a stream that may write many at once joins all of them first,
    // and then a reader that is a little slow costs a copy of its whole buffer, again and again.
    Object.assign(socket, { _writev: null });
  }

  /** Bytes that wait for this reader. */
  get queuedBytes(): number {
    return this.socket.writableLength + this.smallBytes;
  }

  write(parts: readonly Buffer[]): void {
    for (const part of parts) {
      if (part.length < SMALL_PIECE_BYTES) this.gather(part);
      else {
        this.flush();
        this.socket.write(part);
      }
    }
  }

  /** Ends the connection once everything that was written has gone out. */
  end(): void {
    this.flush();
    this.socket.end();
  }

  private gather(part: Buffer): void {
    if (this.small.length === 0) process.nextTick(() => this.flush());
    this.small.push(part);
    this.smallBytes += part.length;
  }

  private flush(): void {
    const { small, socket } = this;
    const [first] = small;
    if (first === undefined) return;
    this.small = [];
    this.smallBytes = 0;
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(small.length === 1 ? first : Buffer.concat(small));
  }
}
