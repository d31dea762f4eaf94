import { isIP } from 'node:net';
import { create } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import {
  ChannelCredentials,
  Client,
  type ClientOptions,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleType,
  wrap,
} from 'cockatiel';
import { LIMITS, type PeerAnswered, type PeerQuestion, parseMessage } from '#libs/contracts';
import type { Clock, TraceContext } from '#libs/platform';
import { identityOfPem, splitAddress, type TlsIdentity } from '#libs/relay';
import type { PeerConfig } from '../peer-config.ts';
import {
  RequestFailoverRequestSchema,
  type RequestFailoverResponse,
} from './gen/trunkline/control/v1/controller_pb.ts';
import { PEER_LIMITS } from './limits.ts';
import { REASON_KEY } from './refusal.ts';
import { SERVICE } from './service.ts';

/** How a question ended. */
export type PeerAnswer = Pick<PeerAnswered, 'outcome' | 'server_id' | 'address' | 'expires_at' | 'reason'>;

/** One question, of a connection whose home this is. */
export interface AskedQuestion {
  readonly connectionId: string;
  readonly question: PeerQuestion;
  /** Milliseconds since 1970. */
  readonly deadlineMs: number;
  /** The trace that it is part of. */
  readonly trace?: TraceContext | undefined;
}

/** Whoever answers questions: the controller of a peer region, or what a test puts in its place. */
export interface Peer {
  /** Always resolves, soon after the deadline at the latest. When `signal` aborts, nobody wants the answer. */
  ask(asked: AskedQuestion, signal: AbortSignal): Promise<PeerAnswer>;
  /** Questions that it has not answered yet. */
  readonly openQuestions: number;
  /** It did not answer lately: no question would reach it. */
  readonly leftAlone: boolean;
  close(): void;
}

export interface PeerClientGiven {
  /** The home: the region that asks. */
  readonly region: string;
  readonly tls: TlsIdentity;
  readonly clock: Clock;
  /** Told when it is left alone for a while, and when it is asked again. */
  readonly circuit: (open: boolean) => void;
}

/** The peer did not answer, or not what was asked: what the circuit breaker counts. */
class PeerFault extends Error {
  constructor(readonly answer: PeerAnswer) {
    super(answer.reason);
  }
}

/** Statuses by which a peer answers after all: it is well, and will not. */
const ANSWERS: ReadonlySet<status> = new Set([
  status.INVALID_ARGUMENT,
  status.PERMISSION_DENIED,
  status.FAILED_PRECONDITION,
  status.RESOURCE_EXHAUSTED,
]);

/** Asks the controller of one peer region over one connection, which is kept open and looked after. */
export class PeerClient implements Peer {
  private readonly client: Client;
  private readonly breaker = circuitBreaker(handleType(PeerFault), {
    halfOpenAfter: PEER_LIMITS.leftAloneMs,
    breaker: new ConsecutiveBreaker(PEER_LIMITS.failuresToOpen),
  });
  private readonly bulkhead = bulkhead(PEER_LIMITS.openQuestions);
  private readonly policy = wrap(this.bulkhead, this.breaker);
  /** Milliseconds since 1970. */
  private leftAloneUntilMs = 0;

  constructor(
    peer: PeerConfig,
    private readonly given: PeerClientGiven,
  ) {
    this.client = new Client(peer.address, credentialsFor(peer.region, given.tls), optionsFor(peer));
    this.breaker.onStateChange((state) => {
      if (state === CircuitState.Open) this.leftAloneUntilMs = given.clock.wallMs() + PEER_LIMITS.leftAloneMs;
      if (state !== CircuitState.HalfOpen) given.circuit(state !== CircuitState.Closed);
    });
    // The first question does not wait for a handshake; from then on the channel looks after itself.
    this.client.getChannel().getConnectivityState(true);
  }

  async ask(asked: AskedQuestion, signal: AbortSignal): Promise<PeerAnswer> {
    try {
      return await this.policy.execute(() => this.call(asked, signal));
    } catch (error) {
      if (error instanceof PeerFault) return error.answer;
      if (error instanceof BrokenCircuitError) return { outcome: 'circuit-open' };
      if (error instanceof BulkheadRejectedError) return { outcome: 'overloaded' };
      throw error;
    }
  }

  get openQuestions(): number {
    return PEER_LIMITS.openQuestions - this.bulkhead.executionSlots;
  }

  /** While one question tries it again, no other is put. */
  get leftAlone(): boolean {
    const { state } = this.breaker;
    if (state === CircuitState.Open) return this.given.clock.wallMs() < this.leftAloneUntilMs;
    return state === CircuitState.HalfOpen;
  }

  close(): void {
    this.client.close();
  }

  private call(
    { connectionId, question, deadlineMs, trace }: AskedQuestion,
    signal: AbortSignal,
  ): Promise<PeerAnswer> {
    const request = create(RequestFailoverRequestSchema, {
      connectionId,
      clientId: question.client_id,
      failedServerId: question.failed_server_id ?? '',
      serverGroup: question.server_group,
      reason: question.reason,
      epoch: BigInt(question.epoch),
      requestingRegion: this.given.region,
    });
    // Whoever waited for another's trial of a peer that was left alone may have nothing left of its time.
    if (signal.aborted || this.given.clock.wallMs() >= deadlineMs) {
      return Promise.resolve({ outcome: 'timeout' });
    }
    const { path, requestSerialize, responseDeserialize } = SERVICE.RequestFailover;
    return new Promise((resolve, reject) => {
      const call = this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadataOf(trace),
        { deadline: new Date(deadlineMs) },
        (error, response) => {
          signal.removeEventListener('abort', cancel);
          const answer = error ? ofError(error) : ofResponse(connectionId, question, response);
          // Nobody's fault: the call was cancelled here.
          if (FAULTS.has(answer.outcome) && !signal.aborted) reject(new PeerFault(answer));
          else resolve(answer);
        },
      );
      const cancel = () => call.cancel();
      signal.addEventListener('abort', cancel);
    });
  }
}

const FAULTS: ReadonlySet<PeerAnswer['outcome']> = new Set(['timeout', 'unreachable', 'invalid-answer']);

const CHANNEL_OPTIONS: ClientOptions = {
  'grpc.keepalive_time_ms': PEER_LIMITS.keepaliveMs,
  'grpc.keepalive_timeout_ms': PEER_LIMITS.keepaliveTimeoutMs,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': PEER_LIMITS.reconnectMs,
  'grpc.min_reconnect_backoff_ms': PEER_LIMITS.reconnectMs,
  'grpc.max_reconnect_backoff_ms': PEER_LIMITS.reconnectMaxMs,
  'grpc.max_receive_message_length': PEER_LIMITS.messageBytes,
  // A process's peers are few, and each has its own channel.
  'grpc.use_local_subchannel_pool': 1,
};

function metadataOf(trace: TraceContext | undefined): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trace ?? {})) metadata.set(name, value);
  return metadata;
}

/** A TLS server name may not be an IP address; who is reached by one is told the region's name. */
function optionsFor({ region, address }: PeerConfig): ClientOptions {
  const isNamed = isIP(splitAddress(address).host) === 0;
  return isNamed ? CHANNEL_OPTIONS : { ...CHANNEL_OPTIONS, 'grpc.ssl_target_name_override': region };
}

/** Whom we reach is settled by the name in its certificate; addresses of load balancers are in none. */
function credentialsFor(region: string, { ca, cert, key }: TlsIdentity): ChannelCredentials {
  return ChannelCredentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert), {
    checkServerIdentity: (_host, certificate) => {
      const found = identityOfPem(certificate.raw);
      if (found?.region === region && found.kind === 'central-controller') return undefined;
      return new Error(`the certificate is not that of a controller of ${region}`);
    },
  });
}

function ofError({ code, details, metadata, message }: ServiceError): PeerAnswer {
  const word = metadata?.get(REASON_KEY)[0]?.toString();
  const reason = (word ?? details ?? message).slice(0, LIMITS.detailLength);
  if (code === status.DEADLINE_EXCEEDED || code === status.CANCELLED) return { outcome: 'timeout', reason };
  if (ANSWERS.has(code)) return { outcome: 'refused', reason };
  if (code === status.INTERNAL && details.startsWith('Response message parsing error')) {
    return { outcome: 'invalid-answer', reason };
  }
  return { outcome: 'unreachable', reason };
}

/** An answer is taken as it would be from the log: same checks. */
function ofResponse(
  connection_id: string,
  { epoch, peer_region }: PeerQuestion,
  response: RequestFailoverResponse | undefined,
): PeerAnswer {
  const answer = answerOf(response);
  if (answer === undefined) return { outcome: 'invalid-answer', reason: 'no answer in it' };
  const fact = { connection_id, epoch, peer_region, took_ms: 0, ...answer };
  const parsed = parseMessage('peer-answered', fact);
  return parsed.ok ? answer : { outcome: 'invalid-answer', reason: parsed.detail };
}

function answerOf(response: RequestFailoverResponse | undefined): PeerAnswer | undefined {
  const answer = response?.answer;
  switch (answer?.case) {
    case 'assigned': {
      const { serverId: server_id, address, expiresAt } = answer.value;
      if (expiresAt === undefined) return undefined;
      const ends = timestampDate(expiresAt);
      // Beyond what a date can be it is none.
      if (Number.isNaN(ends.getTime())) return undefined;
      return { outcome: 'assigned', server_id, address, expires_at: ends.toISOString() };
    }
    case 'scaling':
      return { outcome: 'scaling', reason: `again in ${answer.value.retryAfterMs} ms` };
    case 'refused':
      return { outcome: 'refused', reason: answer.value.reason };
    default:
      return undefined;
  }
}
