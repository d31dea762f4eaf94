/** Chunks below this are joined as they come, so that bytes that trickle in cost no object each. */
const SMALL_CHUNK_BYTES = 4_096;

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
    this.size += chunk.length;
    let last = chunk;
    // Like with like: so each byte is copied a few times at most, and few chunks stay.
    while (last.length < SMALL_CHUNK_BYTES) {
      const before = this.chunks.at(-1);
      if (before === undefined || before.length > last.length) break;
      this.chunks.pop();
      last = Buffer.concat([before, last]);
    }
    this.chunks.push(last);
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

  /** Removes and gives the next `count` bytes as they lie, nothing copied; undefined while there are fewer. */
  takeParts(count: number): Buffer[] | undefined {
    if (this.size < count) return undefined;
    const parts: Buffer[] = [];
    let [left, used] = [count, 0];
    for (const chunk of this.chunks) {
      if (chunk.length > left) {
        if (left > 0) parts.push(chunk.subarray(0, left));
        this.chunks[used] = chunk.subarray(left);
        break;
      }
      parts.push(chunk);
      left -= chunk.length;
      used += 1;
    }
    this.chunks.splice(0, used);
    this.size -= count;
    return parts;
  }
}
