/**
 * Bytes as they came from a stream, read in pieces of one's own size. Chunks are joined only when a piece
 * spans them and is complete, so a large message that trickles in byte by byte is copied once.
 */
export class ByteQueue {
  private chunks: Buffer[] = [];
  private size = 0;

  get length(): number {
    return this.size;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.size += chunk.length;
  }

  /** The next `count` bytes, left where they are; undefined while there are fewer. */
  peek(count: number): Buffer | undefined {
    if (this.size < count) return undefined;
    const first = this.chunks[0];
    if (first !== undefined && first.length >= count) return first.subarray(0, count);
    const joined = Buffer.concat(this.chunks);
    this.chunks = [joined];
    return joined.subarray(0, count);
  }

  /** Removes and gives the next `count` bytes; undefined while there are fewer. */
  take(count: number): Buffer | undefined {
    const piece = this.peek(count);
    const first = this.chunks[0];
    if (piece === undefined || first === undefined) return piece;
    if (first.length === count) this.chunks.shift();
    else this.chunks[0] = first.subarray(count);
    this.size -= count;
    return piece;
  }
}
