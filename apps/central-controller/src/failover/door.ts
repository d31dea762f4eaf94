import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type ServerRequested, TOPIC, topicName } from '#libs/contracts';
import { type Log, LogUnavailable, traceHeaders } from '#libs/log';
import {
  type Clock,
  Counter,
  Histogram,
  type Logger,
  NO_TRACING,
  type Registry,
  type TraceContext,
  type Tracing,
} from '#libs/platform';
import type { DecisionWatch, ReservationAnswer } from './decision-watch.ts';
import {
  type RequestFailoverRequest,
  type RequestFailoverResponse,
  RequestFailoverResponseSchema,
} from './gen/trunkline/control/v1/controller_pb.ts';
import { PEER_LIMITS } from './limits.ts';
import { Refusal, type RefusalCode } from './refusal.ts';
import { type Caller, factOf } from './request.ts';
import { CALL_NAME, callAttributes } from './service.ts';

/** Bounds of the histogram, in seconds. */
const BUCKETS_S = [0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 5];

export interface DoorGiven {
  readonly log: Log;
  readonly watch: DecisionWatch;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** Absent: no spans. */
  readonly tracing?: Tracing;
}

/**
 * The synchronous way into the same rules: a request becomes a fact of this region, and its answer is the decision
 * that the region's own loop appended on it.
 */
export class FailoverDoor {
  private readonly topic: string;
  private readonly answered: Counter<'result'>;
  private readonly took: Histogram;
  private open = 0;
  private closing = false;
  private idle: (() => void) | undefined;

  /** @param peerRegions the other control regions: whose controllers may ask. */
  constructor(
    private readonly region: string,
    private readonly peerRegions: ReadonlySet<string>,
    private readonly given: DoorGiven,
  ) {
    this.topic = topicName(region, TOPIC.connectionStatus);
    const registers = [given.metrics];
    this.answered = new Counter({
      name: 'trunkline_failover_requests_total',
      help: 'Requests of peers for a server, by what they were told',
      labelNames: ['result'],
      registers,
    });
    this.took = new Histogram({
      name: 'trunkline_failover_request_duration_seconds',
      help: 'From a request of a peer to its answer',
      buckets: BUCKETS_S,
      registers,
    });
  }

  get ready(): boolean {
    return !this.closing && this.given.watch.ready;
  }

  /** @throws Refusal */
  async requestFailover(request: RequestFailoverRequest, caller: Caller): Promise<RequestFailoverResponse> {
    const { clock, logger, tracing = NO_TRACING } = this.given;
    const beganMs = clock.monotonicMs();
    const attributes = callAttributes(request.connectionId);
    const span = tracing.start(CALL_NAME, { kind: 'server', parent: caller.trace, attributes });
    let result: string = 'failed';
    try {
      const fact = factOf(request, caller, this.peerRegions);
      const answer = await this.admitted(() => this.decisionOn(fact, caller.deadlineMs ?? 0, span.context));
      const response = responseOf(answer);
      result = response.answer.case ?? result;
      const { connection_id, epoch } = fact;
      logger.debug({ connection_id, epoch, result, reason: answer.reason }, 'a peer asked for a server');
      return response;
    } catch (error) {
      if (error instanceof Refusal) {
        result = error.reason;
        logger.warn(
          { reason: error.reason, detail: error.message, peer: caller.identity },
          'a peer was refused',
        );
      }
      throw error;
    } finally {
      span.end(result === 'assigned' ? undefined : result);
      this.answered.inc({ result });
      this.took.observe((clock.monotonicMs() - beganMs) / 1000);
    }
  }

  /** Takes no more; resolves when those that are open are answered, each within its own bound. */
  async close(): Promise<void> {
    this.closing = true;
    if (this.open === 0) return;
    await new Promise<void>((resolve) => {
      this.idle = resolve;
    });
  }

  private async admitted<T>(run: () => Promise<T>): Promise<T> {
    if (!this.ready)
      throw new Refusal('not-ready', 'this controller is starting, stopping or cannot read its log');
    if (this.open >= PEER_LIMITS.openRequests) {
      throw new Refusal('overloaded', `${PEER_LIMITS.openRequests} requests are open`);
    }
    this.open += 1;
    try {
      return await run();
    } finally {
      this.open -= 1;
      if (this.open === 0) this.idle?.();
    }
  }

  private async decisionOn(
    fact: ServerRequested,
    deadlineMs: number,
    trace: TraceContext | undefined,
  ): Promise<ReservationAnswer> {
    const { log, watch, clock } = this.given;
    const leftMs = Math.min(deadlineMs - clock.wallMs(), PEER_LIMITS.longestWaitMs);
    if (leftMs <= 0) throw notDecided(0);
    const id = randomUUID();
    const expected = watch.expect(id);
    const late = timeout(leftMs, () => notDecided(leftMs));
    try {
      const published = this.publish(log, id, fact, trace);
      // It may take its time: the decision or the deadline is what counts. When it fails, neither comes before.
      return await Promise.race([expected.answer, late.never, failureOf(published)]);
    } finally {
      late.clear();
      expected.forget();
    }
  }

  private async publish(log: Log, id: string, fact: ServerRequested, trace?: TraceContext): Promise<void> {
    const source = `/trunkline/${this.region}/failover`;
    const event = {
      topic: this.topic,
      key: fact.connection_id,
      id,
      type: 'server-requested',
      source,
      data: fact,
      ...(trace && { headers: traceHeaders(trace) }),
    };
    try {
      await log.publish([event]);
    } catch (error) {
      const code: RefusalCode = error instanceof LogUnavailable ? 'log-unavailable' : 'not-ready';
      throw new Refusal(code, 'the request could not be written to the log');
    }
  }
}

function notDecided(afterMs: number): Refusal {
  return new Refusal('not-decided', `nobody decided within ${Math.max(0, Math.round(afterMs))} ms`);
}

function timeout(afterMs: number, error: () => Error): { never: Promise<never>; clear(): void } {
  let clear = () => {};
  const never = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => reject(error()), afterMs);
    clear = () => clearTimeout(timer);
  });
  return { never, clear: () => clear() };
}

/** Rejects when it does, and never resolves. */
function failureOf(work: Promise<void>): Promise<never> {
  return new Promise((_resolve, reject) => {
    work.catch(reject);
  });
}

function responseOf(answer: ReservationAnswer): RequestFailoverResponse {
  const { server_id: serverId, address, expires_at: expiresAt } = answer;
  if (answer.name === 'server-refused') {
    return create(RequestFailoverResponseSchema, {
      answer: { case: 'refused', value: { reason: answer.reason } },
    });
  }
  if (serverId === undefined || address === undefined || expiresAt === undefined) {
    throw new Error('a reservation without a server, an address or an end');
  }
  const value = { serverId, address, expiresAt: timestampFromMs(Date.parse(expiresAt)) };
  return create(RequestFailoverResponseSchema, { answer: { case: 'assigned', value } });
}
