import { EndpointError, type EndpointErrorCode } from '#libs/endpoint';
import { CliError, EXIT, type ExitCode } from '../exit.ts';

interface Failure {
  readonly exit: ExitCode;
  /** What a person may do about it. */
  readonly hint?: string;
}

/** How each error of the SDK ends a command, and what helps. */
const FAILURES: Readonly<Record<EndpointErrorCode, Failure>> = {
  'bad-brokers': { exit: EXIT.usage, hint: 'it must be [{id, host, port, region, address?}]' },
  'bad-identity': { exit: EXIT.usage, hint: '--ca, --cert and --key name PEM files that belong together' },
  'bad-code': { exit: EXIT.code, hint: "compare it with the controller's, symbol by symbol" },
  'bad-options': { exit: EXIT.usage },
  'no-broker': {
    exit: EXIT.unreadable,
    hint: 'trunkline probe shows each broker; is there a proxy (HTTPS_PROXY)?',
  },
  'proxy-failed': {
    exit: EXIT.proxy,
    hint: 'HTTPS_PROXY says which proxy; it must allow CONNECT to the brokers',
  },
  'proxy-auth': { exit: EXIT.proxy, hint: 'HTTPS_PROXY=http://user:password@host:port' },
  intercepted: {
    exit: EXIT.intercepted,
    hint: 'ask for the brokers to be left out of its inspection; nothing was sent to it',
  },
  'untrusted-broker': { exit: EXIT.unreadable, hint: '--ca must be the authority that signed the brokers' },
  'identity-refused': {
    exit: EXIT.refused,
    hint: "the certificate must be valid and signed by the brokers' authority",
  },
  'wrong-protocol': { exit: EXIT.unreadable, hint: 'is the port in the list of brokers right?' },
  'unknown-code': { exit: EXIT.code, hint: 'ask the controller for a new one' },
  expired: { exit: EXIT.code, hint: 'ask the controller for a new one' },
  used: { exit: EXIT.code, hint: 'if that was not you, tell the controller; a code works once' },
  'not-allowed': {
    exit: EXIT.refused,
    hint: 'whoever runs the brokers says who may: come with a certificate',
  },
  'wrong-identity': { exit: EXIT.refused },
  closed: { exit: EXIT.lost },
  'other-broker': { exit: EXIT.later },
  'rate-limited': { exit: EXIT.later },
  full: { exit: EXIT.later },
  'no-capacity': { exit: EXIT.later },
  draining: { exit: EXIT.later },
  unavailable: { exit: EXIT.later, hint: 'running sessions go on; new ones when it is back' },
  timeout: { exit: EXIT.later },
  'unsupported-version': {
    exit: EXIT.unreadable,
    hint: 'take the version of trunkline that the brokers run',
  },
  'protocol-error': { exit: EXIT.lost },
  declined: { exit: EXIT.refused },
  'window-over': { exit: EXIT.lost },
  gap: { exit: EXIT.lost },
  'too-many-streams': { exit: EXIT.later },
  aborted: { exit: EXIT.ok },
};

export function exitOf(error: EndpointError): ExitCode {
  return FAILURES[error.code].exit;
}

/** One message for a person: what is wrong, and what to do. */
export function messageOf(error: EndpointError): string {
  const { hint } = FAILURES[error.code];
  const wait =
    error.retryAfterMs === undefined ? '' : `; try again in ${Math.ceil(error.retryAfterMs / 1_000)} s`;
  return `${error.message}${wait}${hint === undefined ? '' : `: ${hint}`}`;
}

/** An error of the SDK as the command line tells it; a defect of ours keeps its stack. */
export function asCliError(error: unknown): unknown {
  return error instanceof EndpointError ? new CliError(exitOf(error), messageOf(error)) : error;
}
