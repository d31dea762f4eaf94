import { ByteQueue } from '#libs/relay';

/** How messages stand on an application's wire. Of the message itself only the message type is ever read. */
export interface Framing {
  /** `binary-2`: two bytes, big-endian; `ascii-4`: four decimal digits. */
  readonly length: 'binary-2' | 'ascii-4';
  /** Whether the length counts its own bytes. */
  readonly inclusive: boolean;
  /** Bytes between the length and the message type (TPDU or another header); the length counts them. */
  readonly skip: number;
  readonly mti: 'ascii' | 'bcd' | 'ebcdic';
  /** A length of 0: `refuse` closes; `pass` carries it as it is (some hosts keep their lines alive so). */
  readonly empty: 'refuse' | 'pass';
  /** Bytes after the length that one message may have; more than the length can say is no limit. */
  readonly maxBytes: number;
}

/** What was wrong with the bytes of an application. Each closes its connection and is counted. */
export type FramingFault =
  | 'length-unreadable'
  | 'message-empty'
  | 'message-too-short'
  | 'message-too-large'
  | 'mti-unreadable';

export class FramingError extends Error {
  constructor(readonly fault: FramingFault) {
    super(`the application's bytes are no messages: ${fault}`);
  }
}

/** A whole message as it stood on the wire, and what its type says. */
export interface Message {
  readonly bytes: Buffer;
  /** Third digit of the type even: `request`, odd: `response`; `empty` has none. */
  readonly kind: 'request' | 'response' | 'empty';
  /** Equal for a request and its responses: version, class and function pair of the type. */
  readonly exchange: number;
}

const LENGTH_BYTES = { 'binary-2': 2, 'ascii-4': 4 } as const;
const MTI_BYTES = { ascii: 4, bcd: 2, ebcdic: 4 } as const;
const ASCII_ZERO = 0x30;
const EBCDIC_ZERO = 0xf0;

/** The most that any length can say. */
export const MAX_BODY_BYTES = 65_535;
/** Bytes that may stand before the message type. */
export const MAX_SKIP_BYTES = 256;
/** The lowest limit of a message: the longest header and a message type are below it. */
export const MIN_BODY_LIMIT_BYTES = MAX_SKIP_BYTES + 4;

/** Cuts an application's stream into whole messages, however it was split. */
export class MessageDecoder {
  private readonly bytes = new ByteQueue();
  private wholeBytes: number | undefined;

  constructor(private readonly framing: Framing) {}

  /** @throws FramingError; the decoder must not be used after that. */
  push(chunk: Buffer): Message[] {
    this.bytes.push(chunk);
    const messages: Message[] = [];
    for (;;) {
      this.wholeBytes ??= this.readLength();
      if (this.wholeBytes === undefined) return messages;
      const bytes = this.bytes.take(this.wholeBytes);
      if (bytes === undefined) return messages;
      this.wholeBytes = undefined;
      messages.push(classify(bytes, this.framing));
    }
  }

  /** Bytes of a message whose end has not come. */
  get pendingBytes(): number {
    return this.bytes.length;
  }

  private readLength(): number | undefined {
    const header = this.bytes.peek(LENGTH_BYTES[this.framing.length]);
    return header === undefined ? undefined : wholeLength(header, this.framing);
  }
}

/** The length of a whole message, header included, as its header tells. @throws FramingError */
function wholeLength(header: Buffer, framing: Framing): number {
  const headerBytes = LENGTH_BYTES[framing.length];
  const told = framing.length === 'binary-2' ? header.readUInt16BE(0) : readDigits(header, 4, ASCII_ZERO);
  if (told === undefined) throw new FramingError('length-unreadable');
  const body = framing.inclusive ? told - headerBytes : told;
  if (body === 0 || told === 0) {
    if (framing.empty === 'refuse') throw new FramingError('message-empty');
    return headerBytes;
  }
  if (body < framing.skip + MTI_BYTES[framing.mti]) throw new FramingError('message-too-short');
  // Told by its length alone, so that nothing of it is ever kept.
  if (body > framing.maxBytes) throw new FramingError('message-too-large');
  return headerBytes + body;
}

/**
 * Reads the type of one whole message, as a peer's sidecar handed it over.
 * @throws FramingError when it is not exactly one message in this framing.
 */
export function readMessage(bytes: Buffer, framing: Framing): Message {
  if (bytes.length < LENGTH_BYTES[framing.length] || wholeLength(bytes, framing) !== bytes.length) {
    throw new FramingError('length-unreadable');
  }
  return classify(bytes, framing);
}

function classify(bytes: Buffer, framing: Framing): Message {
  const headerBytes = LENGTH_BYTES[framing.length];
  if (bytes.length === headerBytes) return { bytes, kind: 'empty', exchange: -1 };
  const mti = readMti(bytes.subarray(headerBytes + framing.skip), framing.mti);
  if (mti === undefined) throw new FramingError('mti-unreadable');
  const functionDigit = Math.floor(mti / 10) % 10;
  return {
    bytes,
    kind: functionDigit % 2 === 0 ? 'request' : 'response',
    exchange: Math.floor(mti / 100) * 10 + Math.floor(functionDigit / 2),
  };
}

function readMti(bytes: Buffer, encoding: Framing['mti']): number | undefined {
  switch (encoding) {
    case 'ascii':
      return readDigits(bytes, 4, ASCII_ZERO);
    case 'ebcdic':
      return readDigits(bytes, 4, EBCDIC_ZERO);
    case 'bcd': {
      const packed = bytes.readUInt16BE(0).toString(16);
      return /^\d+$/.test(packed) ? Number(packed) : undefined;
    }
    default:
      return encoding satisfies never;
  }
}

function readDigits(bytes: Buffer, count: number, zero: number): number | undefined {
  let value = 0;
  for (let index = 0; index < count; index += 1) {
    const digit = (bytes[index] ?? 0) - zero;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
