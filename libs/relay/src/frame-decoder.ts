import { ByteQueue } from './byte-queue.ts';
import { FRAME_TYPE, type FrameType, LINK_LIMITS, LinkProtocolError } from './link-protocol.ts';

export interface Frame {
  readonly type: FrameType;
  readonly payload: Buffer;
}

/** Cuts a stream into frames, however it was split; checks type and length before it waits for a payload. */
export class FrameDecoder {
  private readonly bytes = new ByteQueue();
  private header: { type: FrameType; length: number } | undefined;

  /** @throws LinkProtocolError; the decoder must not be used after that. */
  push(chunk: Buffer): Frame[] {
    this.bytes.push(chunk);
    const frames: Frame[] = [];
    for (;;) {
      this.header ??= this.readHeader();
      if (this.header === undefined) return frames;
      const payload = this.bytes.take(this.header.length);
      if (payload === undefined) return frames;
      frames.push({ type: this.header.type, payload });
      this.header = undefined;
    }
  }

  /** Bytes that wait for the rest of their frame. */
  get pendingBytes(): number {
    return this.bytes.length;
  }

  private readHeader(): { type: FrameType; length: number } | undefined {
    const bytes = this.bytes.take(LINK_LIMITS.frameHeaderBytes);
    if (bytes === undefined) return undefined;
    const type = bytes.readUInt8(0);
    const length = bytes.readUInt32BE(1);
    if (!isFrameType(type)) throw new LinkProtocolError('unknown-frame-type');
    checkLength(type, length);
    return { type, length };
  }
}

function isFrameType(type: number): type is FrameType {
  return type >= FRAME_TYPE.data && type <= FRAME_TYPE.refuse;
}

function checkLength(type: FrameType, length: number): void {
  switch (type) {
    case FRAME_TYPE.data:
      if (length === 0) throw new LinkProtocolError('empty-data-frame');
      if (length > LINK_LIMITS.framePayloadBytes) throw new LinkProtocolError('frame-too-large');
      return;
    case FRAME_TYPE.ping:
    case FRAME_TYPE.pong:
      if (length > LINK_LIMITS.pingPayloadMaxBytes) throw new LinkProtocolError('wrong-frame-length');
      return;
    case FRAME_TYPE.ready:
      expectLength(length, 0);
      return;
    case FRAME_TYPE.refuse:
      expectLength(length, LINK_LIMITS.refusePayloadBytes);
      return;
    default:
      void (type satisfies never);
  }
}

function expectLength(length: number, expected: number): void {
  if (length !== expected) throw new LinkProtocolError('wrong-frame-length');
}
