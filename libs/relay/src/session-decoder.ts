import { ByteQueue } from './byte-queue.ts';
import { readPayload } from './session-payloads.ts';
import {
  BROKER_FRAMES,
  type DataFrame,
  ENDPOINT_FRAMES,
  type FrameHeader,
  readFrameHeader,
  SESSION_LIMITS,
  type SessionFrame,
  type SessionFrameName,
  SessionProtocolError,
} from './session-protocol.ts';

/**
 * Cuts what a peer sends into frames of the session protocol, however it was split. Type, direction and length
 * are checked before a payload is waited for, so a peer costs at most one frame of memory.
 */
export class SessionDecoder {
  private readonly bytes = new ByteQueue();
  private readonly allowed: ReadonlySet<SessionFrameName>;
  private header: FrameHeader | undefined;

  /** @param from who sends what is decoded */
  constructor(from: 'endpoint' | 'broker') {
    this.allowed = new Set(from === 'endpoint' ? ENDPOINT_FRAMES : BROKER_FRAMES);
  }

  /** Gives the frames before a fault first, then throws. @throws SessionProtocolError; not to be used after that */
  *push(chunk: Buffer): Generator<SessionFrame, void, undefined> {
    this.bytes.push(chunk);
    for (;;) {
      this.header ??= this.peekHeader();
      if (this.header === undefined) return;
      const { name, payloadBytes } = this.header;
      const frameBytes = SESSION_LIMITS.frameHeaderBytes + payloadBytes;
      if (this.bytes.length < frameBytes) return;
      this.header = undefined;
      if (name === 'data') yield new ReceivedData(this.bytes.takeParts(frameBytes) ?? [], payloadBytes);
      else yield frameOf(name, this.bytes.take(frameBytes) ?? Buffer.alloc(0));
    }
  }

  /** Bytes that wait for the rest of their frame. */
  get pendingBytes(): number {
    return this.bytes.length;
  }

  private peekHeader(): FrameHeader | undefined {
    const bytes = this.bytes.peek(SESSION_LIMITS.frameHeaderBytes);
    if (bytes === undefined) return undefined;
    const header = readFrameHeader(bytes);
    if (!this.allowed.has(header.name)) throw new SessionProtocolError('unexpected-frame', header.name);
    return header;
  }
}

class ReceivedData implements DataFrame {
  readonly name = 'data';
  private joined: Buffer | undefined;

  constructor(
    readonly parts: readonly Buffer[],
    readonly payloadBytes: number,
  ) {}

  get bytes(): Buffer {
    const [first] = this.parts;
    this.joined ??= first !== undefined && this.parts.length === 1 ? first : Buffer.concat(this.parts);
    return this.joined;
  }

  get payload(): Buffer {
    return this.bytes.subarray(SESSION_LIMITS.frameHeaderBytes);
  }
}

function frameOf(name: Exclude<SessionFrameName, 'data'>, bytes: Buffer): SessionFrame {
  const payload = bytes.subarray(SESSION_LIMITS.frameHeaderBytes);
  if (name === 'ping' || name === 'pong') return { name, token: payload.readBigUInt64BE(0) };
  return { name, payload: readPayload(name, payload) } as SessionFrame;
}
