import { randomUUID } from 'node:crypto';
import { type PeerAnswered, type PeerOutcome, type PeerQuestion, TOPIC, topicName } from '#libs/contracts';
import { link, type loop } from '#libs/domain';
import { type OutgoingEvent, traceHeaders } from '#libs/log';
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
import { PEER_LIMITS } from '../failover/limits.ts';
import type { Peer, PeerAnswer } from '../failover/peer-client.ts';
import { CALL_NAME, callAttributes } from '../failover/service.ts';

/** Bounds of the histogram, in seconds. */
const BUCKETS_S = [0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1];

export interface PeerQuestionsGiven {
  readonly region: string;
  /** By control region. */
  readonly peers: ReadonlyMap<string, Peer>;
  readonly publish: (fact: OutgoingEvent) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** Absent: no spans. */
  readonly tracing?: Tracing;
}

/** What a link asks, and the trace of the decision to ask it. */
interface Wanted {
  readonly question: PeerQuestion;
  readonly trace: TraceContext | undefined;
}

interface Open {
  readonly question: PeerQuestion;
  readonly abort: AbortController;
}

/**
 * Asks the questions that links wait with, and says how each ended as a fact. A link that only seems to ask, because its
 * decision is still on its way, is asked for as well: a reservation commands nothing and ends by itself.
 */
export class PeerQuestions {
  private readonly topic: string;
  private readonly source: string;
  /** What each link asks now, as the view shows it. */
  private readonly wanted = new Map<string, Wanted>();
  private readonly open = new Map<string, Open>();
  private readonly fresh = new Set<string>();
  private readonly ended: Counter<'outcome'>;
  private readonly took: Histogram;
  private stopped = false;

  constructor(private readonly given: PeerQuestionsGiven) {
    this.topic = topicName(given.region, TOPIC.connectionStatus);
    this.source = `/trunkline/${given.region}/control-loop`;
    const registers = [given.metrics];
    this.ended = new Counter({
      name: 'trunkline_peer_questions_total',
      help: 'Questions to peers for a server, by how they ended',
      labelNames: ['outcome'],
      registers,
    });
    this.took = new Histogram({
      name: 'trunkline_peer_question_duration_seconds',
      help: 'From a question to a peer to its end',
      buckets: BUCKETS_S,
      registers,
    });
  }

  /** The loop's view of one key changed; `next` undefined: its partition is another's, and so are its questions. */
  changed(key: string, next: loop.Aggregate | undefined, trace?: TraceContext): void {
    const question = next?.kind === 'link' ? link.openQuestion(next.state) : undefined;
    if (question === undefined) {
      this.wanted.delete(key);
      if (next === undefined) this.open.get(key)?.abort.abort();
      return;
    }
    if (this.wanted.get(key)?.question.epoch === question.epoch) return;
    this.wanted.set(key, { question, trace });
    if (this.fresh.size === 0) setImmediate(() => this.askFresh());
    this.fresh.add(key);
  }

  /**
   * Why one more question to the controller of this region would not be answered; absent: it may be put. What is about to
   * be asked counts, so that of many links that lose their server at once only so many wait.
   */
  unaskable(region: string): PeerOutcome | undefined {
    const peer = this.given.peers.get(region);
    if (peer === undefined) return undefined;
    if (peer.leftAlone) return 'circuit-open';
    return peer.openQuestions + this.fresh.size >= PEER_LIMITS.openQuestions ? 'overloaded' : undefined;
  }

  stop(): void {
    this.stopped = true;
    this.wanted.clear();
    for (const { abort } of this.open.values()) abort.abort();
  }

  /** A fold of the log passes by questions of long ago: only what stands when it is through is asked. */
  private askFresh(): void {
    const keys = [...this.fresh];
    this.fresh.clear();
    for (const key of keys) {
      const wanted = this.wanted.get(key);
      if (wanted !== undefined) void this.ask(key, wanted);
    }
  }

  private async ask(key: string, { question, trace }: Wanted): Promise<void> {
    const { clock, peers, tracing = NO_TRACING } = this.given;
    const deadlineMs = Date.parse(question.deadline_at);
    const running = this.open.get(key);
    // Past its deadline a question ends by the loop's own clock. A running one serves its repetition as well.
    const serves = running?.question.epoch === question.epoch && !running.abort.signal.aborted;
    if (this.stopped || clock.wallMs() >= deadlineMs || serves) return;
    running?.abort.abort();
    const abort = new AbortController();
    this.open.set(key, { question, abort });
    const beganMs = clock.monotonicMs();
    const span = tracing.start(CALL_NAME, {
      kind: 'client',
      parent: trace,
      attributes: { ...callAttributes(key), 'server.region': question.peer_region },
    });
    const asked = { connectionId: key, question, deadlineMs, trace: span.context };
    let answer: PeerAnswer;
    try {
      const peer = peers.get(question.peer_region);
      answer = peer
        ? await peer.ask(asked, abort.signal)
        : { outcome: 'unreachable', reason: 'no address is configured' };
    } catch (error) {
      this.given.logger.error({ err: error, connection_id: key }, 'a question to a peer failed');
      answer = { outcome: 'unreachable', reason: 'internal error' };
    }
    if (this.open.get(key)?.abort === abort) this.open.delete(key);
    span.end(answer.outcome === 'assigned' ? undefined : answer.outcome);
    if (abort.signal.aborted) return;
    this.end(key, { question, trace: span.context }, answer, clock.monotonicMs() - beganMs);
  }

  private end(key: string, { question, trace }: Wanted, answer: PeerAnswer, tookMs: number): void {
    const { epoch, peer_region } = question;
    const { logger, publish } = this.given;
    this.ended.inc({ outcome: answer.outcome });
    this.took.observe(tookMs / 1000);
    const data: PeerAnswered = {
      connection_id: key,
      epoch,
      peer_region,
      took_ms: Math.max(0, Math.round(tookMs)),
      ...answer,
    };
    logger.debug(data, 'a question to a peer ended');
    publish({
      topic: this.topic,
      key,
      id: randomUUID(),
      type: 'peer-answered',
      source: this.source,
      data,
      ...(trace && { headers: traceHeaders(trace) }),
    });
  }
}
