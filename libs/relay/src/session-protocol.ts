import { type LegRejection, POLICY_DEFAULTS } from '#libs/contracts';
import type { SessionPayloads } from './session-payloads.ts';

/**
 * The session protocol, version 1: how an endpoint (controller or target) speaks with a broker.
 *
 * Below it: TLS 1.3 on TCP, both sides with certificates. ALPN `trunkline/1`: the endpoint's certificate has a
 * chain and names `spiffe://trunkline/endpoint/<id>`. ALPN `trunkline-guest/1`: a self-signed certificate of the
 * endpoint's own making, whose key TLS has proved; only a target may come so. A broker proves its host name and
 * `spiffe://trunkline/<region>/broker/<broker_id>`. All numbers are big-endian.
 *
 * Frame, in both directions:
 *
 *   bytes  1      3        length
 *         type   length   payload
 *
 *   no  name         from      payload
 *    1  ping         both      u64 token. Answered at once by a pong with the same token, from `hello` on
 *    2  pong         both      u64 token
 *    3  hello        endpoint  JSON. First, and once. Nothing is answered before it, or before the TLS handshake
 *    4  welcome      broker    JSON. The answer to `hello`: which broker this is, and whether it takes new sessions
 *    5  new          endpoint  JSON. A controller wants a code. Answered by `code` or `refused`
 *    6  code         broker    JSON. The code; the controller keeps its connection and waits for `redirect` or `opened`
 *    7  attach       endpoint  JSON. A target comes with a code. Answered by `held` or `refused`
 *    8  resume       endpoint  JSON. Either comes with a connection id under the same certificate, without the code
 *    9  held         broker    JSON. The target is held here; when it did not consent yet, it asks its person now
 *   10  consent      endpoint  JSON. The target's person agreed. To decline is `bye` with `declined`
 *   11  redirect     broker    JSON. The other side is at another broker: `resume` there
 *   12  opened       broker    JSON. Both ends are spliced in this epoch; `data` flows from here on
 *   13  data         both      opaque to the broker, never empty
 *   14  bye          both      JSON. The session is over; `moved` of an endpoint: it is open elsewhere, and so is the
 *                              other end, which leaves this broker by itself. The sender closes after it
 *   15  goaway       broker    JSON. This broker goes: `resume` elsewhere first, this leg carries until then
 *   16  refused      broker    JSON. What was asked for is refused; the broker closes after it
 *   17  interrupted  broker    JSON. The other leg is gone, the session is not: wait here for `opened` or `redirect`
 *
 * Flow:
 *
 *   controller            broker 1                    broker 3              target
 *   ── hello, new ──────►                                      ◄── hello, attach ──
 *   ◄── welcome, code ───                                      ── welcome, held ──►
 *   ◄── redirect ────────                                      ◄── consent ────────
 *   ── hello, resume ───────────────────────────────►
 *   ◄── welcome, opened ─────────────────────────────          ── opened ─────────►
 *   ◄═════════════════════════════════ data ══════════════════════════════════════►
 *
 * Rules:
 * - A broker passes each data frame on whole and as it came: never split, joined, repeated or overtaken. So a leg
 *   that breaks in the middle of a frame leaves nothing half on the other one.
 * - `opened` may come again on a leg, with a higher epoch, when the other side came back. Data that is sent before
 *   it and belongs to the epoch before is the endpoints' to tell apart: they mark theirs (libs/endpoint).
 * - A side that has nothing to send pings: every `pingIntervalMs` while open, every `idlePingIntervalMs` while it waits.
 * - Version: `hello` names the endpoint's; a broker that does not speak it refuses with `unsupported-version`.
 *   Within a version members may be added to JSON payloads: unknown ones are ignored. Everything else needs another
 *   number, and what changes the handshake another ALPN name.
 * - Whoever receives anything else closes with a protocol fault; a broker says `refused` (`protocol-error`) before.
 */

export const SESSION_VERSION = 1;

export const SESSION_FRAME = {
  ping: 1,
  pong: 2,
  hello: 3,
  welcome: 4,
  new: 5,
  code: 6,
  attach: 7,
  resume: 8,
  held: 9,
  consent: 10,
  redirect: 11,
  opened: 12,
  data: 13,
  bye: 14,
  goaway: 15,
  refused: 16,
  interrupted: 17,
} as const;
export type SessionFrameName = keyof typeof SESSION_FRAME;
/** What an endpoint sends, and what a broker sends; the other direction is an `unexpected-frame`. */
export const ENDPOINT_FRAMES = [
  ...['ping', 'pong', 'hello', 'new', 'attach', 'resume', 'consent', 'data', 'bye'],
] as readonly SessionFrameName[];
export const BROKER_FRAMES = [
  ...['ping', 'pong', 'welcome', 'code', 'held', 'redirect', 'opened', 'data', 'bye', 'goaway', 'refused'],
  'interrupted',
] as readonly SessionFrameName[];

/** Frames whose payload is JSON. */
export type ControlFrameName = Exclude<SessionFrameName, 'ping' | 'pong' | 'data'>;

export const SESSION_LIMITS = {
  frameHeaderBytes: 4,
  /** Payload of a data frame. */
  dataPayloadBytes: 65_536,
  /** Payload of every JSON frame. */
  controlPayloadBytes: 16 * 1024,
  pingPayloadBytes: 8,
  /** From the TCP connection to the whole `hello`, in milliseconds; the TLS handshake included. */
  helloTimeoutMs: 10_000,
} as const;

export const SESSION_TIMING = {
  pingIntervalMs: 500,
  /** Of a session that waits: load balancers cut what is idle for 4 minutes. */
  idlePingIntervalMs: 30_000,
  /** Heard nothing for so long while open: the other side of this leg is dead. */
  silenceMs: 1_500,
  /** How long an endpoint tries to come back before it gives the session up, unless `opened` says otherwise. */
  resumeWindowMs: POLICY_DEFAULTS.session_window_ms,
} as const;

/**
 * Why a broker refuses, as `refused` says it. `retry`: the same may be asked again later or elsewhere (after
 * `retry_after_ms`, when that is given); `move`: it names the broker to ask instead; `final`: asking again is
 * no use. A reason that an endpoint does not know is final.
 */
export const SESSION_REFUSALS = {
  'unknown-code': 'final',
  expired: 'final',
  used: 'final',
  'not-allowed': 'final',
  'wrong-identity': 'final',
  closed: 'final',
  'window-over': 'final',
  'unsupported-version': 'final',
  'protocol-error': 'final',
  'other-broker': 'move',
  'rate-limited': 'retry',
  /** Its limit of connections or sessions is reached. */
  full: 'retry',
  /** No broker fits. */
  'no-capacity': 'retry',
  draining: 'retry',
  /** The control plane does not answer; running sessions go on. */
  unavailable: 'retry',
  /** Not said within its time limit: `hello`, or a request after it. */
  timeout: 'retry',
} as const satisfies Record<LegRejection, 'final' | 'move' | 'retry'> &
  Record<string, 'final' | 'move' | 'retry'>;
export type SessionRefusal = keyof typeof SESSION_REFUSALS;

/** What was wrong with the bytes of a peer; the word is the metric label, the log field and the code. */
export const SESSION_FAULTS = [
  'unknown-frame-type',
  'unexpected-frame',
  'frame-too-large',
  'wrong-frame-length',
  'bad-json',
  'bad-payload',
] as const;
export type SessionFault = (typeof SESSION_FAULTS)[number];

export class SessionProtocolError extends Error {
  constructor(
    readonly fault: SessionFault,
    detail: string,
  ) {
    super(`${fault}: ${detail}`);
  }
}

export type SessionFrame<Name extends SessionFrameName = SessionFrameName> = Name extends ControlFrameName
  ? { readonly name: Name; readonly payload: SessionPayloads[Name] }
  : Name extends 'data'
    ? DataFrame
    : { readonly name: Name; readonly token: bigint };

/** A data frame that came: as its bytes lie, for who passes it on, and joined, for who reads it. */
export interface DataFrame {
  readonly name: 'data';
  /** Header and payload, in the chunks that they came in. */
  readonly parts: readonly Buffer[];
  readonly payloadBytes: number;
  /** Header and payload in one piece, which may cost a copy. */
  readonly bytes: Buffer;
  /** The same without the header. */
  readonly payload: Buffer;
}

const NAME_OF_TYPE = new Map<number, SessionFrameName>(
  Object.entries(SESSION_FRAME).map(([name, type]) => [type, name as SessionFrameName]),
);

/** A frame header as it came, checked before its payload is waited for. */
export interface FrameHeader {
  readonly name: SessionFrameName;
  readonly payloadBytes: number;
}

/** @throws SessionProtocolError */
export function readFrameHeader(bytes: Buffer): FrameHeader {
  const type = bytes.readUInt8(0);
  const payloadBytes = bytes.readUIntBE(1, 3);
  const name = NAME_OF_TYPE.get(type);
  if (name === undefined) throw new SessionProtocolError('unknown-frame-type', `type ${type}`);
  switch (name) {
    case 'ping':
    case 'pong':
      if (payloadBytes !== SESSION_LIMITS.pingPayloadBytes) throw wrongLength(name, payloadBytes);
      break;
    case 'data':
      if (payloadBytes === 0) throw wrongLength(name, payloadBytes);
      if (payloadBytes > SESSION_LIMITS.dataPayloadBytes) throw tooLarge(name, payloadBytes);
      break;
    default:
      if (payloadBytes > SESSION_LIMITS.controlPayloadBytes) throw tooLarge(name, payloadBytes);
  }
  return { name, payloadBytes };
}

export function encodePingFrame(name: 'ping' | 'pong', token: bigint): Buffer {
  const bytes = frameOf(name, SESSION_LIMITS.pingPayloadBytes);
  bytes.writeBigUInt64BE(token, SESSION_LIMITS.frameHeaderBytes);
  return bytes;
}

/** A JSON frame. @throws RangeError when the payload is larger than a peer would take */
export function encodeControl<Name extends ControlFrameName>(
  name: Name,
  payload: SessionPayloads[Name],
): Buffer {
  const json = Buffer.from(JSON.stringify(payload));
  if (json.length > SESSION_LIMITS.controlPayloadBytes) throw new RangeError(`${name}: ${json.length} bytes`);
  const bytes = frameOf(name, json.length);
  json.copy(bytes, SESSION_LIMITS.frameHeaderBytes);
  return bytes;
}

/**
 * Room for a data frame whose payload the caller fills in behind the header, so that it is copied once.
 * @param payloadBytes 1 to `dataPayloadBytes`
 */
export function allocateDataFrame(payloadBytes: number): { bytes: Buffer; payload: Buffer } {
  const bytes = frameOf('data', payloadBytes);
  return { bytes, payload: bytes.subarray(SESSION_LIMITS.frameHeaderBytes) };
}

function frameOf(name: SessionFrameName, payloadBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(SESSION_LIMITS.frameHeaderBytes + payloadBytes);
  bytes.writeUInt8(SESSION_FRAME[name], 0);
  bytes.writeUIntBE(payloadBytes, 1, 3);
  return bytes;
}

function wrongLength(name: SessionFrameName, bytes: number): SessionProtocolError {
  return new SessionProtocolError('wrong-frame-length', `${name} of ${bytes} bytes`);
}

function tooLarge(name: SessionFrameName, bytes: number): SessionProtocolError {
  return new SessionProtocolError('frame-too-large', `${name} of ${bytes} bytes`);
}
