import { Duplex } from 'node:stream';

/** However much is written at once, so much of it is kept at once. */
const PIECE_BYTES = 64 * 1024;

/** One half of a pair: what is written to it is read from the other. */
class PairedDuplex extends Duplex {
  private far: PairedDuplex | undefined = undefined;
  /** Calls back the writer whose bytes were read. */
  private taken: (() => void) | undefined = undefined;

  constructor() {
    super({ allowHalfOpen: true });
  }

  join(far: PairedDuplex): void {
    this.far = far;
  }

  override _read(): void {
    const { taken } = this;
    this.taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    const { far } = this;
    if (far === undefined || far.destroyed || chunk.length === 0) {
      process.nextTick(callback);
      return;
    }
    // Copied, because the bytes' owner may change them after the callback.
    const piece = Buffer.from(chunk.subarray(0, PIECE_BYTES));
    const rest = chunk.subarray(PIECE_BYTES);
    far.taken = rest.length === 0 ? callback : () => this._write(rest, 'binary', callback);
    far.push(piece);
  }

  override _final(callback: () => void): void {
    const { far } = this;
    if (far === undefined || far.destroyed) {
      callback();
      return;
    }
    far.once('end', callback);
    far.push(null);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const { far } = this;
    // After both directions have ended, the far half is left to read what is its own.
    if (far !== undefined && !(this.readableEnded && this.writableFinished)) {
      process.nextTick(() => far.destroy(error ?? undefined));
    }
    callback(error);
  }
}

/** Two streams, each the other's far end: half-close, backpressure and destruction pass through. */
export function duplexPair(): [Duplex, Duplex] {
  const near = new PairedDuplex();
  const far = new PairedDuplex();
  near.join(far);
  far.join(near);
  return [near, far];
}
