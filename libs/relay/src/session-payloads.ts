import { CODE_TEXT_LENGTH, CONNECTION_ID_PATTERN, LIMITS, NAME_PATTERN } from '#libs/contracts';
import { type ControlFrameName, SessionProtocolError } from './session-protocol.ts';

/** The JSON payloads of the session protocol: their members, each with its range, and how they are checked. */

type Check<T> = (value: unknown) => value is T;
/** A member that may be absent; it is never null. */
interface Maybe<T> {
  readonly optional: Check<T>;
}
type Shape = Readonly<Record<string, Check<unknown> | Maybe<unknown>>>;
type Read<S extends Shape> = {
  readonly [K in keyof S as S[K] extends Check<unknown> ? K : never]: Checked<S[K]>;
} & {
  readonly [K in keyof S as S[K] extends Check<unknown> ? never : K]?: Checked<S[K]>;
};
type Checked<C> = C extends Check<infer T> ? T : C extends Maybe<infer T> ? T : never;

export const SESSION_PAYLOAD_LIMITS = {
  /** Brokers in one list of probes. */
  probes: 64,
  /** A round-trip time, in milliseconds. */
  roundTripMs: 60_000,
  /** `survive_ms`: a day. */
  surviveMs: 24 * 60 * 60 * 1000,
  /** `window_ms`: as long as a policy may say. */
  windowMs: LIMITS.surviveMs,
  /** What an endpoint says it is, in UTF-16 code units. */
  agentLength: 128,
} as const;

const text = (pattern: RegExp, maxLength: number): Check<string> => {
  return (value): value is string =>
    typeof value === 'string' && value.length <= maxLength && pattern.test(value);
};
const number = (min: number, max: number): Check<number> => {
  return (value): value is number => typeof value === 'number' && value >= min && value <= max;
};
const integer = (min: number, max: number): Check<number> => {
  return (value): value is number =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
};
const oneOf = <const T extends string>(...words: readonly T[]): Check<T> => {
  return (value): value is T => words.includes(value as T);
};
const flag: Check<boolean> = (value): value is boolean => typeof value === 'boolean';
const maybe = <T>(optional: Check<T>): Maybe<T> => ({ optional });
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const name = text(NAME_PATTERN, 64);
const connectionId = text(CONNECTION_ID_PATTERN, 128);
const epoch = integer(1, Number.MAX_SAFE_INTEGER);
const reason = text(/^[a-z][a-z0-9-]{0,63}$/, 64);
const address = text(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, LIMITS.addressLength);
const timestamp = text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/, 40);
const surviveMs = integer(0, SESSION_PAYLOAD_LIMITS.surviveMs);
const windowMs = integer(0, SESSION_PAYLOAD_LIMITS.windowMs);
const code = text(/^[0-9A-Za-z -]+$/, CODE_TEXT_LENGTH);

/** How far a broker is, as an endpoint measured it. Brokers that it did not reach are absent. */
const PROBE = {
  broker_id: name,
  /** Median, in milliseconds. */
  rtt_ms: number(0, SESSION_PAYLOAD_LIMITS.roundTripMs),
  /** Median of the differences from the median, in milliseconds. */
  jitter_ms: maybe(number(0, SESSION_PAYLOAD_LIMITS.roundTripMs)),
} satisfies Shape;
export type SessionProbe = Read<typeof PROBE>;

const probes: Check<SessionProbe[]> = (value): value is SessionProbe[] =>
  Array.isArray(value) &&
  value.length <= SESSION_PAYLOAD_LIMITS.probes &&
  value.every((each) => isObject(each) && wrongMember(PROBE, each) === undefined);

const SHAPES = {
  hello: {
    version: integer(1, 0xffff),
    role: oneOf('controller', 'target', 'probe'),
    /** Program and version, for the broker's log. */
    agent: maybe(text(/^[\x20-\x7e]*$/, SESSION_PAYLOAD_LIMITS.agentLength)),
  },
  welcome: {
    broker_id: name,
    region: name,
    /** Takes no new sessions because it goes. */
    draining: flag,
    /** Takes no new sessions because it has enough. */
    full: maybe(flag),
  },
  new: { probes: maybe(probes) },
  code: { code, connection_id: connectionId, home_region: name, expires_at: timestamp },
  attach: {
    code,
    probes: maybe(probes),
    /** Absent: true. */
    consented: maybe(flag),
    /** This program showed the code before, and its connection broke before it was told the session's id; absent: false. */
    again: maybe(flag),
    survive_ms: maybe(surviveMs),
  },
  resume: {
    connection_id: connectionId,
    home_region: name,
    role: oneOf('controller', 'target'),
    /** The last epoch that the endpoint knows; 0: none yet. */
    epoch: integer(0, Number.MAX_SAFE_INTEGER),
    probes: maybe(probes),
    survive_ms: maybe(surviveMs),
  },
  held: { connection_id: connectionId, home_region: name, controller_id: name },
  consent: {},
  redirect: {
    connection_id: connectionId,
    broker_id: name,
    address,
    epoch: integer(0, Number.MAX_SAFE_INTEGER),
  },
  opened: {
    connection_id: connectionId,
    epoch,
    /** Identity of the other end. */
    peer: name,
    /** How long the session may be interrupted. Absent: `resumeWindowMs`. */
    window_ms: maybe(windowMs),
  },
  bye: { reason },
  goaway: { reason },
  refused: {
    reason,
    retry_after_ms: maybe(windowMs),
    broker_id: maybe(name),
    address: maybe(address),
  },
  interrupted: { reason },
} satisfies Record<ControlFrameName, Shape>;

/** The payload of each JSON frame. */
export type SessionPayloads = { readonly [Name in ControlFrameName]: Read<(typeof SHAPES)[Name]> };

/** Reads and checks a JSON payload; members that the version does not name are left out. @throws SessionProtocolError */
export function readPayload<Name extends ControlFrameName>(
  frame: Name,
  bytes: Buffer,
): SessionPayloads[Name] {
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(bytes));
  } catch {
    throw new SessionProtocolError('bad-json', frame);
  }
  if (!isObject(value)) throw new SessionProtocolError('bad-payload', `${frame}: not an object`);
  const shape: Shape = SHAPES[frame];
  const wrong = wrongMember(shape, value);
  if (wrong !== undefined) throw new SessionProtocolError('bad-payload', `${frame}.${wrong}`);
  const known = Object.entries(value).filter(([member]) => Object.hasOwn(shape, member));
  return Object.fromEntries(known) as SessionPayloads[Name];
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The first member that is missing or not what its check wants. */
function wrongMember(shape: Shape, value: Record<string, unknown>): string | undefined {
  for (const [member, check] of Object.entries(shape)) {
    const held = Object.hasOwn(value, member) ? value[member] : undefined;
    const right = typeof check === 'function' ? check(held) : held === undefined || check.optional(held);
    if (!right) return member;
  }
  return undefined;
}
