/**
 * Closed unions of codes. One word is at once the metric label, the log field, the header value and the
 * API code. Adding one here is the only way to have one.
 */

/** Why a record went to the dead-letter topic, or was counted and skipped by a reader that may not dead-letter. */
export const DEAD_LETTER_REASONS = [
  'missing-key',
  'missing-value',
  'oversized',
  'broken-json',
  'too-deep',
  'forbidden-key',
  'not-a-cloudevent',
  'unknown-type',
  'unknown-version',
  'wrong-topic',
  'invalid-data',
  'key-contradicts-data',
  'wrong-home-region',
  'wrong-partition',
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Why a decider changed nothing for an input. */
export const IGNORE_REASONS = [
  'already-handled',
  'duplicate',
  'unknown-connection',
  'unknown-agent',
  'stale-epoch',
  'future-epoch',
  'stale-incarnation',
  'unknown-command',
  'command-already-answered',
  'not-due',
  'not-concerned',
  'no-change',
  'no-better-server',
  'already-moving',
  'connection-ended',
  'other-home-region',
  'stale-setting',
  'not-suppressed',
] as const;
export type IgnoreReason = (typeof IGNORE_REASONS)[number];

/** Why an agent refused a command (it never began to run it). */
export const REFUSAL_REASONS = [
  'stale-epoch',
  'other-incarnation',
  'other-agent',
  'expired',
  'lease-lapsed',
  'no-free-port',
  'full',
  'draining',
  'unknown-connection',
  'unsupported-command',
  /** Brokers: the leg that the command names is not, or no longer, there. */
  'controller-gone',
  'target-gone',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Why an agent failed a command (it began and could not finish). */
export const FAILURE_REASONS = [
  'dial-failed',
  'dial-timeout',
  'handshake-refused',
  'no-backend',
  'application-refused',
  'internal-error',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Why a path between two sidecars ended, as the side that saw it says. */
export const LOSS_REASONS = [
  'peer-closed',
  'peer-reset',
  'keepalive-timeout',
  'lease-lapsed',
  'asleep',
  'backend-lost',
  'application-closed',
  'protocol-error',
  'shutdown',
] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** Why a decision was taken. */
export const DECISION_REASONS = [
  'requested',
  'no-capacity',
  'capacity-available',
  'established',
  'peer-lost',
  'client-lost',
  'client-restarted',
  /** Nothing was heard of the client lately: a placement would be in vain. */
  'client-unheard',
  'server-lost',
  'agent-silent',
  'agent-returned',
  'command-refused',
  'command-failed',
  'command-timeout',
  'degraded',
  'recovered',
  'unanswered-requests',
  'better-capacity',
  'failover-target-changed',
  'operator-request',
  'operator-force',
  'agent-draining',
  /** What is to be left is the client: its other client has the link once that is well. */
  'client-draining',
  'no-other-server',
  'drain-finished',
  'stopped',
  'closed-by-client',
  'invalid-request',
  /** The client that was asked for carries the link again. */
  'failback',
  /** The client that does not carry the link is there again, and is told to stand by. */
  'standby',
  /** Moved too often lately: left where it is until the window has passed. */
  'damping',
  /** The only servers that fit restarted too often lately. */
  'agent-flapping',
  /** Too large a share of the links moved for one cause: an operator must agree. */
  'blast-radius',
  /** No planned moves until an operator's time. */
  'freeze',
  /** What was held back goes on: its time came, or an operator agreed. */
  'suppression-over',
  'approved',
  /** The peer's side of a failover. */
  'reserved',
  'repeated',
  'expired',
  /** The key has another home: no reservation can stand under it. */
  'own-connection',
  'unknown-client',
  'stale-epoch',
  /** The way of a session; how it ended stands below, and in RELAY_CLOSE_REASONS. */
  'target-attached',
  'consented',
  'redirected',
  'controller-attached',
  'controller-lost',
  'target-lost',
  'broker-lost',
  'relay-closed',
  'hung-up',
  'declined',
  'gap',
  'idle-timeout',
  'protocol-error',
  'shutdown',
  'moved',
  'closed-by-command',
  'window-over',
  /** A command was run, and nothing else changes. */
  'answered',
  /** Nobody answered in time: the target did not say whether it agrees, or the controller did not follow. */
  'no-consent',
  'not-redirected',
  /** Why an endpoint is turned away. */
  'unknown-code',
  'used',
  'not-allowed',
  'other-broker',
  'closed',
  'wrong-identity',
] as const;
export type DecisionReason = (typeof DECISION_REASONS)[number];

/** Why a peer refuses to reserve a server; the word is `refused.reason` of the gRPC answer. */
export const RESERVATION_REFUSALS = [
  'no-capacity',
  /** A later epoch of the connection was asked for already. */
  'stale-epoch',
  /** The reservation of this epoch ended before it was used. */
  'expired',
  /** No client sidecar of the requesting region has this name, as far as health reports show. */
  'unknown-client',
  /** The connection's home is the region that was asked, as far as its log and health reports show. */
  'own-connection',
] as const;
export type ReservationRefusal = (typeof RESERVATION_REFUSALS)[number];

/** How the home's question to the peer ended. Only `assigned` can name a server. */
export const PEER_OUTCOMES = [
  'assigned',
  'refused',
  'scaling',
  /** No answer within the deadline. */
  'timeout',
  'unreachable',
  /** Not asked: it failed so often lately that it is left alone for a while. */
  'circuit-open',
  /** Not asked: too many questions are open already. */
  'overloaded',
  /** It answered what is no answer to the question. */
  'invalid-answer',
] as const;
export type PeerOutcome = (typeof PEER_OUTCOMES)[number];

export interface ErrorCode {
  /** HTTP status of the problem details. */
  readonly status: number;
  readonly title: string;
  readonly retriable: boolean;
}

/** REST's error codes; the key is the `code` member of the problem details. */
export const ERROR_CODES = {
  'invalid-request': { status: 400, title: 'The request is no HTTP that can be read', retriable: false },
  'request-timeout': { status: 408, title: 'The request did not come in time', retriable: true },
  'headers-too-large': { status: 431, title: 'The address and headers are too long', retriable: false },
  'invalid-parameter': { status: 400, title: 'A query or path parameter is not valid', retriable: false },
  'invalid-cursor': { status: 400, title: 'The cursor was not issued by this list', retriable: false },
  'invalid-body': { status: 400, title: 'The request body is not valid', retriable: false },
  'invalid-event': { status: 422, title: 'The CloudEvent is not one this topic takes', retriable: false },
  'missing-token': { status: 401, title: 'A bearer token is needed', retriable: false },
  'invalid-token': { status: 401, title: 'The bearer token is not valid', retriable: false },
  'expired-token': { status: 401, title: 'The bearer token has expired', retriable: false },
  forbidden: { status: 403, title: 'The bearer token does not allow this', retriable: false },
  'keys-unavailable': {
    status: 503,
    title: 'The keys that tokens are checked with cannot be read',
    retriable: true,
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key was given with another request before',
    retriable: false,
  },
  'idempotency-key-in-use': {
    status: 409,
    title: 'The first request with this Idempotency-Key is still being answered',
    retriable: true,
  },
  'connection-not-found': { status: 404, title: 'No such connection', retriable: false },
  'agent-not-found': { status: 404, title: 'No such agent', retriable: false },
  'before-retention': { status: 410, title: 'What was then is not kept any more', retriable: false },
  'other-control-region': {
    status: 409,
    title: 'The agent belongs to another control region, where this must be asked for',
    retriable: false,
  },
  'failover-not-found': { status: 404, title: 'No such failover', retriable: false },
  'failover-not-held': {
    status: 409,
    title: 'The failover is not held back for an operator to approve',
    retriable: false,
  },
  'version-conflict': { status: 409, title: 'The policy has another version', retriable: false },
  'too-many-policies': { status: 409, title: 'There are as many policies as there may be', retriable: false },
  'policy-not-found': { status: 404, title: 'No such policy', retriable: false },
  'route-not-found': { status: 404, title: 'No such route', retriable: false },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here', retriable: false },
  'body-too-large': { status: 413, title: 'The request body is too large', retriable: false },
  'unsupported-media-type': { status: 415, title: 'The content type is not supported', retriable: false },
  'registry-rebuilding': {
    status: 503,
    title: 'The registry is being rebuilt from the log',
    retriable: true,
  },
  'registry-unavailable': { status: 503, title: 'The registry cannot be reached', retriable: true },
  'too-many-readers': {
    status: 503,
    title: 'As many programs read the live stream as there may be',
    retriable: true,
  },
  'log-unavailable': { status: 503, title: 'Kafka did not take the record in time', retriable: true },
  'internal-error': { status: 500, title: 'An unexpected error', retriable: true },
} as const satisfies Record<string, ErrorCode>;
export type ProblemCode = keyof typeof ERROR_CODES;
