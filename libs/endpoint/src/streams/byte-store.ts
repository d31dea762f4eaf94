/** Chunks below this are copied into shared blocks, so that a byte costs a byte and no object of its own. */
const SMALL_CHUNK_BYTES = 8 * 1024;
const BLOCK_BYTES = 16 * 1024;

interface Block {
  readonly bytes: Buffer;
  /** Bytes of it that are filled. */
  length: number;
  /** Whether more may be copied in behind those. */
  readonly own: boolean;
}

/** Bytes of a stream between two offsets: appended at the end, dropped at the beginning, read anywhere between. */
export class ByteStore {
  private blocks: Block[] = [];
  /** Bytes of the first block that are dropped already. */
  private skipped = 0;
  private startOffset = 0;
  private endOffset = 0;

  /** Offset of the first byte that is kept. */
  get start(): number {
    return this.startOffset;
  }

  /** Offset behind the last byte. */
  get end(): number {
    return this.endOffset;
  }

  get length(): number {
    return this.endOffset - this.startOffset;
  }

  /** A large chunk is kept as it is and must not be changed by its owner any more. */
  append(chunk: Buffer): void {
    this.endOffset += chunk.length;
    if (chunk.length >= SMALL_CHUNK_BYTES) {
      this.blocks.push({ bytes: chunk, length: chunk.length, own: false });
      return;
    }
    let rest = chunk;
    while (rest.length > 0) {
      const block = this.roomyBlock();
      const copied = rest.copy(block.bytes, block.length);
      block.length += copied;
      rest = rest.subarray(copied);
    }
  }

  /** Forgets what is before `offset`. */
  dropTo(offset: number): void {
    let drop = Math.min(offset, this.endOffset) - this.startOffset;
    if (drop <= 0) return;
    this.startOffset += drop;
    drop += this.skipped;
    let gone = 0;
    for (const block of this.blocks) {
      if (block.length > drop) break;
      drop -= block.length;
      gone += 1;
    }
    this.blocks.splice(0, gone);
    this.skipped = drop;
  }

  /** The bytes from `offset` on that lie in one piece, at most `maxBytes`; not to be kept beyond dropTo. */
  peek(offset: number, maxBytes: number): Buffer {
    let at = offset - this.startOffset + this.skipped;
    for (const block of this.blocks) {
      if (at < block.length) return block.bytes.subarray(at, Math.min(block.length, at + maxBytes));
      at -= block.length;
    }
    return Buffer.alloc(0);
  }

  /** Fills `into` with the bytes from `offset` on. */
  copy(offset: number, into: Buffer): void {
    let copied = 0;
    while (copied < into.length) {
      const piece = this.peek(offset + copied, into.length - copied);
      if (piece.length === 0) throw new RangeError('these bytes are not kept');
      copied += piece.copy(into, copied);
    }
  }

  clear(): void {
    this.blocks = [];
    this.skipped = 0;
    this.startOffset = this.endOffset;
  }

  private roomyBlock(): Block {
    const last = this.blocks.at(-1);
    if (last?.own === true && last.length < last.bytes.length) return last;
    // A stream of single keystrokes shall not hold a whole block for each few of them.
    const size = last?.own === true ? BLOCK_BYTES : 1024;
    const block = { bytes: Buffer.allocUnsafeSlow(size), length: 0, own: true };
    this.blocks.push(block);
    return block;
  }
}
