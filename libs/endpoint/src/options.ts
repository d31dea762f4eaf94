import { SESSION_TIMING } from '#libs/relay';
import type { Broker } from './brokers.ts';
import type { EndpointIdentity } from './identity.ts';

/** Timings of an endpoint, in milliseconds unless they say otherwise. */
export const ENDPOINT_TIMINGS = {
  /** One connection to a broker: the proxy, TCP, TLS and the broker's welcome. */
  dialMs: 5_000,
  /** All of a probe. */
  probeMs: 2_500,
  /** Pings of a probe that count; one more is sent first and discarded. Not a time. */
  probePings: 5,
  pingIntervalMs: SESSION_TIMING.pingIntervalMs,
  idlePingIntervalMs: SESSION_TIMING.idlePingIntervalMs,
  /** A ping of an open session unanswered for so long, and nothing else heard: the leg is dead. */
  silenceMs: SESSION_TIMING.silenceMs,
  /** The same, of one that waits for its other side. */
  idleSilenceMs: 10_000,
  /** A broker answers a request within. */
  answerMs: 10_000,
  /** How long an interrupted session is tried to be resumed, unless the broker said otherwise. */
  resumeWindowMs: SESSION_TIMING.resumeWindowMs,
  /** The next broker is tried so long after the one before, and the round trips of that, while it has not answered. */
  staggerMs: 150,
  /** The same behind the broker where the other side is, at most: only there can both meet, so a far one gets its time. */
  headStartMs: 2_000,
  /** Between rounds of attempts: the first wait, doubled up to the second, each with jitter. */
  backoffMinMs: 100,
  backoffMaxMs: 5_000,
} as const;
export type EndpointTimings = { readonly [K in keyof typeof ENDPOINT_TIMINGS]: number };

/** An HTTP proxy that tunnels to brokers (CONNECT). */
export interface ProxyOptions {
  /** `http://user:password@host:port`, or `https://…`. */
  readonly url: string;
}

/** What every call needs. */
export interface EndpointOptions {
  readonly brokers: readonly Broker[];
  readonly identity: EndpointIdentity;
  readonly proxy?: ProxyOptions;
  /** Program and version, for the broker's log. Printable ASCII, up to 128 characters. */
  readonly agent?: string;
  readonly timings?: Partial<EndpointTimings>;
  readonly signal?: AbortSignal;
}

export function timingsOf(options: Pick<EndpointOptions, 'timings'>): EndpointTimings {
  return { ...ENDPOINT_TIMINGS, ...options.timings };
}
