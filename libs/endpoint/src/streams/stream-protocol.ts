import { allocateDataFrame, SESSION_LIMITS } from '#libs/relay';

/**
 * The stream protocol, version 1: how controller and target carry many byte streams through one session, end to
 * end. It stands inside the data frames of the session protocol, one of its frames in each; brokers never look.
 * All numbers are big-endian.
 *
 *   bytes  1      4           …
 *         type   stream id   rest
 *
 *   1 open   the controller opens a stream; ids count up from 1
 *   2 data   u64 offset of the first byte in its direction, then 1 byte or more
 *   3 ack    u64 offset: all before it was taken by the local program (its write was called back), end included
 *   4 fin    u64 offset: where the direction ends. The end counts as one byte, so it is acknowledged with offset + 1
 *   5 reset  u16 code: the stream is cut in both directions. The other side answers with a reset; then it is forgotten
 *   6 sync   stream id 0: u8 version, u64 epoch, u64 instance, u32 window, u32 highest stream id known, u16 count, and for
 *            each stream known: u32 id, u8 flags (1: reset), u64 received, u64 acknowledged
 *
 * After each `opened` of the session protocol both sides send a sync with that epoch, and nothing else before the
 * other's came. What comes before a sync of the present epoch belongs to an earlier one and is dropped. Each
 * side then goes on from where the other's sync says it is: bytes that were under way are sent again, none twice
 * into a local program.
 *
 * - A sender keeps bytes until they are acknowledged, and sends no more than the other side's window beyond that,
 *   and no more than `totalBytes` in all streams together; each stream may always have `reservedBytes`.
 * - A stream that a sync leaves out although its id is not above the highest known is finished there.
 * - `instance` is random for each life of a side. A new one knows none of the streams before: they are reset.
 * - Received less than was acknowledged before: a gap. It ends the session, and is said so.
 */

export const STREAM_VERSION = 1;

export const STREAM_FRAME = { open: 1, data: 2, ack: 3, fin: 4, reset: 5, sync: 6 } as const;

export const STREAM_LIMITS = {
  /** Unacknowledged bytes of one direction of a stream. */
  windowBytes: 1024 * 1024,
  streams: 256,
  /** Unacknowledged bytes of one direction of all streams. */
  totalBytes: 64 * 1024 * 1024,
  /** What each stream may have of that, however much the others have; `streams` times this is within `totalBytes`. */
  reservedBytes: 128 * 1024,
  /**
   * Bytes in one data frame: small enough that pings get through between them on a slow line, and, with the 17 bytes
   * before them, two whole TLS records, as a third would cost whoever passes it on as much as a full one.
   */
  chunkBytes: 32 * 1024 - 17,
} as const;

/** Why a stream was cut. */
export const RESET_CODES = {
  /** The local program's connection broke. */
  reset: 1,
  /** The target could not dial what it forwards to. */
  refused: 2,
  'too-many-streams': 3,
  /** The side that had the stream was started anew. */
  restarted: 4,
} as const;
export type ResetReason = keyof typeof RESET_CODES;

export const STREAM_FAULTS = [
  'bad-frame',
  'bad-offset',
  'window-exceeded',
  'unsupported-version',
  'gap',
] as const;
export type StreamFault = (typeof STREAM_FAULTS)[number];

/** The other side broke the stream protocol, or a gap was found: the session is over. */
export class StreamProtocolError extends Error {
  constructor(
    readonly fault: StreamFault,
    detail: string,
  ) {
    super(`${fault}: ${detail}`);
  }
}

/** What one side knows of a stream. */
export interface SyncEntry {
  readonly id: number;
  readonly isReset: boolean;
  readonly received: number;
  readonly acknowledged: number;
}

export interface Sync {
  readonly epoch: number;
  readonly instance: bigint;
  readonly windowBytes: number;
  readonly highestId: number;
  readonly entries: readonly SyncEntry[];
}

export type StreamFrame =
  | { readonly type: 'open'; readonly id: number }
  | { readonly type: 'data'; readonly id: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly type: 'ack' | 'fin'; readonly id: number; readonly offset: number }
  | { readonly type: 'reset'; readonly id: number; readonly reason: ResetReason }
  | { readonly type: 'sync'; readonly sync: Sync };

const HEADER_BYTES = 5;
const OFFSET_BYTES = 8;
const SYNC_FIXED_BYTES = 1 + 8 + 8 + 4 + 4 + 2;
const ENTRY_BYTES = 4 + 1 + 8 + 8;
const TYPE_OF_NUMBER = new Map<number, keyof typeof STREAM_FRAME>(
  Object.entries(STREAM_FRAME).map(([type, number]) => [number, type as keyof typeof STREAM_FRAME]),
);

/** Reads the payload of a session data frame. @throws StreamProtocolError `bad-frame` */
export function readStreamFrame(payload: Buffer): StreamFrame {
  if (payload.length < HEADER_BYTES) throw badFrame('too short');
  const type = TYPE_OF_NUMBER.get(payload.readUInt8(0));
  const id = payload.readUInt32BE(1);
  const rest = payload.subarray(HEADER_BYTES);
  if (type === 'sync') return { type, sync: readSync(rest) };
  if (id === 0) throw badFrame('stream id 0');
  switch (type) {
    case 'open':
      return { type, id };
    case 'data':
      if (rest.length <= OFFSET_BYTES) throw badFrame('data without bytes');
      return { type, id, offset: readOffset(rest, 0), bytes: rest.subarray(OFFSET_BYTES) };
    case 'ack':
    case 'fin':
      return { type, id, offset: readOffset(rest, 0) };
    case 'reset':
      return { type, id, reason: readReason(rest) };
    case undefined:
      throw badFrame('unknown type');
    default:
      return type satisfies never;
  }
}

/** A whole session frame that holds the data frame; `fill` copies the bytes in. */
export function encodeStreamData(
  id: number,
  offset: number,
  length: number,
  fill: (into: Buffer) => void,
): Buffer {
  const { bytes, payload } = frameOf('data', id, OFFSET_BYTES + length);
  writeOffset(payload, offset, HEADER_BYTES);
  fill(payload.subarray(HEADER_BYTES + OFFSET_BYTES));
  return bytes;
}

export function encodeStreamOpen(id: number): Buffer {
  return frameOf('open', id, 0).bytes;
}

export function encodeStreamOffset(type: 'ack' | 'fin', id: number, offset: number): Buffer {
  const { bytes, payload } = frameOf(type, id, OFFSET_BYTES);
  writeOffset(payload, offset, HEADER_BYTES);
  return bytes;
}

export function encodeStreamReset(id: number, reason: ResetReason): Buffer {
  const { bytes, payload } = frameOf('reset', id, 2);
  payload.writeUInt16BE(RESET_CODES[reason], HEADER_BYTES);
  return bytes;
}

export function encodeSync(sync: Sync): Buffer {
  const { bytes, payload } = frameOf('sync', 0, SYNC_FIXED_BYTES + sync.entries.length * ENTRY_BYTES);
  let at = payload.writeUInt8(STREAM_VERSION, HEADER_BYTES);
  at = writeOffset(payload, sync.epoch, at);
  at = payload.writeBigUInt64BE(sync.instance, at);
  at = payload.writeUInt32BE(sync.windowBytes, at);
  at = payload.writeUInt32BE(sync.highestId, at);
  at = payload.writeUInt16BE(sync.entries.length, at);
  for (const { id, isReset, received, acknowledged } of sync.entries) {
    at = payload.writeUInt32BE(id, at);
    at = payload.writeUInt8(isReset ? 1 : 0, at);
    at = writeOffset(payload, received, at);
    at = writeOffset(payload, acknowledged, at);
  }
  return bytes;
}

function readSync(rest: Buffer): Sync {
  if (rest.length < SYNC_FIXED_BYTES) throw badFrame('sync too short');
  const version = rest.readUInt8(0);
  if (version !== STREAM_VERSION) throw new StreamProtocolError('unsupported-version', `version ${version}`);
  const count = rest.readUInt16BE(SYNC_FIXED_BYTES - 2);
  if (count > STREAM_LIMITS.streams || rest.length !== SYNC_FIXED_BYTES + count * ENTRY_BYTES) {
    throw badFrame('sync of a wrong length');
  }
  const entries = Array.from({ length: count }, (_, index) => {
    const at = SYNC_FIXED_BYTES + index * ENTRY_BYTES;
    return {
      id: rest.readUInt32BE(at),
      isReset: (rest.readUInt8(at + 4) & 1) === 1,
      received: readOffset(rest, at + 5),
      acknowledged: readOffset(rest, at + 13),
    };
  });
  return {
    epoch: readOffset(rest, 1),
    instance: rest.readBigUInt64BE(9),
    windowBytes: rest.readUInt32BE(17),
    highestId: rest.readUInt32BE(21),
    entries,
  };
}

function readOffset(bytes: Buffer, at: number): number {
  if (bytes.length < at + OFFSET_BYTES) throw badFrame('no offset');
  const offset = Number(bytes.readBigUInt64BE(at));
  if (!Number.isSafeInteger(offset)) throw badFrame('an offset beyond 2^53');
  return offset;
}

function writeOffset(bytes: Buffer, offset: number, at: number): number {
  return bytes.writeBigUInt64BE(BigInt(offset), at);
}

/** A code that this version does not name is a reset nonetheless. */
function readReason(rest: Buffer): ResetReason {
  if (rest.length < 2) throw badFrame('reset without a code');
  const code = rest.readUInt16BE(0);
  const named = Object.entries(RESET_CODES).find(([, number]) => number === code);
  return (named?.[0] as ResetReason | undefined) ?? 'reset';
}

function frameOf(
  type: keyof typeof STREAM_FRAME,
  id: number,
  restBytes: number,
): { bytes: Buffer; payload: Buffer } {
  const frame = allocateDataFrame(HEADER_BYTES + restBytes);
  frame.payload.writeUInt8(STREAM_FRAME[type], 0);
  frame.payload.writeUInt32BE(id, 1);
  return frame;
}

function badFrame(detail: string): StreamProtocolError {
  return new StreamProtocolError('bad-frame', detail);
}

/** The largest data frame and the largest sync fit into a session data frame. */
export const LARGEST_STREAM_FRAME_BYTES = Math.max(
  HEADER_BYTES + OFFSET_BYTES + STREAM_LIMITS.chunkBytes,
  HEADER_BYTES + SYNC_FIXED_BYTES + STREAM_LIMITS.streams * ENTRY_BYTES,
);
if (LARGEST_STREAM_FRAME_BYTES > SESSION_LIMITS.dataPayloadBytes) {
  throw new RangeError('a stream frame would not fit into a data frame');
}
