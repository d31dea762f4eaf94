import type { BrokerDialFault, SessionRefusal } from '#libs/relay';

/**
 * Every way an endpoint's call can fail. Callers match the code, never the class or the text. `retriable`: the
 * same call may succeed later, with nothing changed on this side.
 */
export const ENDPOINT_ERRORS = {
  // What this side was given.
  'bad-brokers': { retriable: false, text: 'the broker list is not good' },
  'bad-identity': { retriable: false, text: 'the certificate, key or authority is not good' },
  'bad-code': { retriable: false, text: 'this is no connection code' },
  'bad-options': { retriable: false, text: 'an option is not good' },
  // The way to a broker.
  'no-broker': { retriable: true, text: 'no broker can be reached' },
  'proxy-failed': { retriable: true, text: 'the proxy makes no connection' },
  'proxy-auth': { retriable: false, text: 'the proxy wants another user name or password' },
  intercepted: {
    retriable: false,
    text: 'something in between breaks the encryption open: an intercepting proxy',
  },
  'untrusted-broker': { retriable: false, text: 'the broker does not prove who it is' },
  'identity-refused': { retriable: false, text: 'the broker does not take this certificate' },
  'wrong-protocol': { retriable: false, text: 'what answers is no broker' },
  // What a broker refused; the same words as on the wire.
  'unknown-code': { retriable: false, text: 'no session has this code' },
  expired: { retriable: false, text: 'the code has expired' },
  used: { retriable: false, text: 'the code was used already' },
  'not-allowed': { retriable: false, text: 'policy does not allow it' },
  'wrong-identity': { retriable: false, text: 'the session belongs to another identity' },
  closed: { retriable: false, text: 'the session is over' },
  'other-broker': { retriable: true, text: 'the session is at another broker' },
  'rate-limited': { retriable: true, text: 'too many attempts' },
  full: { retriable: true, text: 'the broker has as many sessions as it can carry' },
  'no-capacity': { retriable: true, text: 'no broker has room' },
  draining: { retriable: true, text: 'the broker is about to stop' },
  unavailable: { retriable: true, text: 'the control plane does not answer' },
  timeout: { retriable: true, text: 'no answer within the time' },
  'unsupported-version': { retriable: false, text: 'the broker does not speak this version of the protocol' },
  'protocol-error': { retriable: false, text: 'the other side broke the protocol' },
  // The session itself.
  declined: { retriable: false, text: 'the target did not consent' },
  'window-over': { retriable: false, text: 'the session could not be resumed in time' },
  gap: { retriable: false, text: 'bytes are missing that neither side can send again' },
  'too-many-streams': { retriable: true, text: 'the session carries as many connections as it may' },
  aborted: { retriable: false, text: 'given up by the caller' },
} as const satisfies Record<SessionRefusal, ErrorMeaning> & Record<string, ErrorMeaning>;

interface ErrorMeaning {
  readonly retriable: boolean;
  readonly text: string;
}

export type EndpointErrorCode = keyof typeof ENDPOINT_ERRORS;

export class EndpointError extends Error {
  readonly retriable: boolean;

  constructor(
    readonly code: EndpointErrorCode,
    readonly detail?: string,
    /** How long to wait before the next attempt, in milliseconds, when a broker said so. */
    readonly retryAfterMs?: number,
    /** Where to go instead, when a broker said so. */
    readonly elsewhere?: { readonly brokerId: string; readonly address: string },
  ) {
    const { text, retriable } = ENDPOINT_ERRORS[code];
    super(detail === undefined ? text : `${text} (${detail})`);
    this.name = 'EndpointError';
    this.retriable = retriable;
  }
}

/** What was thrown, if it is one of these errors. @throws what it was given, when that is anything else */
export function endpointError(thrown: unknown): EndpointError {
  if (thrown instanceof EndpointError) return thrown;
  throw thrown;
}

export function isErrorCode(word: string): word is EndpointErrorCode {
  return Object.hasOwn(ENDPOINT_ERRORS, word);
}

export const CODE_OF_DIAL_FAULT: Readonly<Record<BrokerDialFault, EndpointErrorCode>> = {
  unreachable: 'no-broker',
  'dial-timeout': 'no-broker',
  intercepted: 'intercepted',
  untrusted: 'untrusted-broker',
  'wrong-identity': 'untrusted-broker',
  'wrong-protocol': 'wrong-protocol',
  'given-up': 'aborted',
};
