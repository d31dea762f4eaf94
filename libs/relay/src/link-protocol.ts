/**
 * The link protocol, version 1: how two sidecars carry one link between them.
 *
 * Below it: TLS 1.3 on TCP, both sides with certificates, ALPN `trunkline-link/1`. Who the peer is stands in
 * its certificate's SPIFFE name; the preface's `client_id` must say the same. All numbers are big-endian.
 *
 * Flow:
 *
 *   client sidecar                                    server sidecar
 *   ── preface ──────────────────────────────────────►  parked until its accept-client came, 2 s at most
 *   ◄───────────────────────────── ready │ refuse code  ready: a backend stands behind this end
 *   ◄═══════ data, ping, pong, in any order ═════════►
 *
 * Preface, sent once by the dialling side:
 *
 *   bytes  4    1         8       2       n               2       m
 *         TRLK  version   epoch   n       connection_id   m       client_id
 *
 * Frame, in both directions from there on:
 *
 *   bytes  1      4        length
 *         type   length   payload
 *
 *   0 data    one whole application message, its own length header included; never empty, never split
 *   1 ping    0 to 64 bytes, answered by a pong with the same payload; ours hold a u32 number
 *   2 pong    frames are handled in their order: it says that all that came before its ping was handled
 *   3 ready   empty, only from the server's side: the path stands, a backend is behind it. A later one says that
 *             the connection to the backend was replaced: whoever keeps state on it must sign on again
 *   4 refuse  u16 code; the sender closes after it and the epoch is not carried
 *
 * A side that receives anything else closes with a protocol error: bytes cannot be skipped in a stream of
 * payments. A side that hears nothing for three keepalive intervals takes the other for dead.
 */

export const LINK_MAGIC = 'TRLK';
export const LINK_VERSION = 1;

export const FRAME_TYPE = { data: 0, ping: 1, pong: 2, ready: 3, refuse: 4 } as const;
export type FrameType = (typeof FRAME_TYPE)[keyof typeof FRAME_TYPE];

export const LINK_LIMITS = {
  /** Header of a frame: type and length. */
  frameHeaderBytes: 5,
  /** Largest payload; above the largest message a 2-byte length can announce. */
  framePayloadBytes: 128 * 1024,
  /** Of our own pings; anyone else's may hold up to the maximum, which comes back as it was. */
  pingPayloadBytes: 4,
  pingPayloadMaxBytes: 64,
  refusePayloadBytes: 2,
  connectionIdBytes: 128,
  clientIdBytes: 64,
} as const;

const PREFACE_FIXED_BYTES = LINK_MAGIC.length + 1 + 8;
export const PREFACE_MAX_BYTES =
  PREFACE_FIXED_BYTES + 2 + LINK_LIMITS.connectionIdBytes + 2 + LINK_LIMITS.clientIdBytes;

/** Why a server sidecar refuses a dial; the word is the metric label and log field, the number is the wire's. */
export const REFUSE_CODES = {
  'bad-preface': 1,
  'unsupported-version': 2,
  'wrong-identity': 3,
  'not-expected': 4,
  'stale-epoch': 5,
  'already-carried': 6,
  full: 7,
  'no-backend': 8,
  'lease-lapsed': 9,
  'shutting-down': 10,
} as const;
export type RefuseCode = keyof typeof REFUSE_CODES;

/** What was wrong with the bytes of a peer. */
export const PROTOCOL_FAULTS = [
  'unknown-frame-type',
  'frame-too-large',
  'empty-data-frame',
  'wrong-frame-length',
  'unexpected-frame',
  'unknown-refuse-code',
] as const;
export type ProtocolFault = (typeof PROTOCOL_FAULTS)[number];

export class LinkProtocolError extends Error {
  constructor(readonly fault: ProtocolFault) {
    super(`the peer broke the link protocol: ${fault}`);
  }
}

export interface Preface {
  readonly epoch: number;
  readonly connectionId: string;
  readonly clientId: string;
}

export function encodePreface(preface: Preface): Buffer {
  const connectionId = Buffer.from(preface.connectionId, 'latin1');
  const clientId = Buffer.from(preface.clientId, 'latin1');
  const bytes = Buffer.alloc(PREFACE_FIXED_BYTES + 2 + connectionId.length + 2 + clientId.length);
  let at = bytes.write(LINK_MAGIC, 'latin1');
  at = bytes.writeUInt8(LINK_VERSION, at);
  at = bytes.writeBigUInt64BE(BigInt(preface.epoch), at);
  at = bytes.writeUInt16BE(connectionId.length, at);
  at += connectionId.copy(bytes, at);
  at = bytes.writeUInt16BE(clientId.length, at);
  clientId.copy(bytes, at);
  return bytes;
}

export type PrefaceRead =
  | { kind: 'need-more' }
  | { kind: 'preface'; preface: Preface; bytesRead: number }
  | { kind: 'refuse'; code: 'bad-preface' | 'unsupported-version' };

const CONNECTION_ID = /^[A-Za-z0-9._:-]{1,128}$/;
const CLIENT_ID = /^[A-Za-z0-9._-]{1,64}$/;
const BAD_PREFACE: PrefaceRead = { kind: 'refuse', code: 'bad-preface' };
const NEED_MORE: PrefaceRead = { kind: 'need-more' };

/** Reads a preface from the beginning of `bytes`; garbage is refused at its first wrong byte. */
export function readPreface(bytes: Buffer): PrefaceRead {
  const magic = bytes.toString('latin1', 0, LINK_MAGIC.length);
  if (!LINK_MAGIC.startsWith(magic)) return BAD_PREFACE;
  if (bytes.length <= LINK_MAGIC.length) return NEED_MORE;
  if (bytes.readUInt8(LINK_MAGIC.length) !== LINK_VERSION) {
    return { kind: 'refuse', code: 'unsupported-version' };
  }
  if (bytes.length < PREFACE_FIXED_BYTES) return NEED_MORE;
  const epoch = Number(bytes.readBigUInt64BE(LINK_MAGIC.length + 1));
  if (epoch < 1 || !Number.isSafeInteger(epoch)) return BAD_PREFACE;
  const connectionId = readText(bytes, PREFACE_FIXED_BYTES, LINK_LIMITS.connectionIdBytes);
  if (connectionId === undefined) return NEED_MORE;
  const clientId = readText(bytes, connectionId.end, LINK_LIMITS.clientIdBytes);
  if (!CONNECTION_ID.test(connectionId.text)) return BAD_PREFACE;
  if (clientId === undefined) return NEED_MORE;
  if (!CLIENT_ID.test(clientId.text)) return BAD_PREFACE;
  return {
    kind: 'preface',
    preface: { epoch, connectionId: connectionId.text, clientId: clientId.text },
    bytesRead: clientId.end,
  };
}

/** A text longer than `limit` comes back empty, which no pattern accepts; undefined: its end is not there yet. */
function readText(bytes: Buffer, at: number, limit: number): { text: string; end: number } | undefined {
  if (bytes.length < at + 2) return undefined;
  const length = bytes.readUInt16BE(at);
  const end = at + 2 + length;
  if (length > limit) return { text: '', end };
  if (bytes.length < end) return undefined;
  return { text: bytes.toString('latin1', at + 2, end), end };
}

/** Writes data frames for whole messages into one buffer, so that one write carries a burst. */
export function encodeData(messages: readonly Buffer[]): Buffer {
  let size = 0;
  for (const message of messages) size += LINK_LIMITS.frameHeaderBytes + message.length;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const message of messages) {
    at = bytes.writeUInt8(FRAME_TYPE.data, at);
    at = bytes.writeUInt32BE(message.length, at);
    at += message.copy(bytes, at);
  }
  return bytes;
}

export function encodeFrame(type: Exclude<FrameType, 0>, payload: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.allocUnsafe(LINK_LIMITS.frameHeaderBytes + payload.length);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt32BE(payload.length, 1);
  payload.copy(bytes, LINK_LIMITS.frameHeaderBytes);
  return bytes;
}

export function encodePing(number: number): Buffer {
  const payload = Buffer.allocUnsafe(LINK_LIMITS.pingPayloadBytes);
  payload.writeUInt32BE(number >>> 0);
  return encodeFrame(FRAME_TYPE.ping, payload);
}

export function encodeRefuse(code: RefuseCode): Buffer {
  const payload = Buffer.allocUnsafe(LINK_LIMITS.refusePayloadBytes);
  payload.writeUInt16BE(REFUSE_CODES[code]);
  return encodeFrame(FRAME_TYPE.refuse, payload);
}

/** @throws LinkProtocolError for a code that this version does not name. */
export function readRefuseCode(payload: Buffer): RefuseCode {
  const number = payload.readUInt16BE(0);
  for (const [code, value] of Object.entries(REFUSE_CODES)) {
    if (value === number) return code as RefuseCode;
  }
  throw new LinkProtocolError('unknown-refuse-code');
}
