import { Exchange } from './exchange.ts';
import type { Message } from './framing.ts';

/** What was due within this before now makes the share of unanswered requests, in milliseconds. */
export const UNANSWERED_WINDOW_MS = 5_000;
const BUCKET_MS = 250;
/** Response times kept for the percentile between two reports; beyond it every next one replaces an old one. */
const MAX_SAMPLES = 1_024;

interface Bucket {
  due: number;
  unanswered: number;
}

/**
 * Measures how a link's far end answers, from message types alone. A response answers a request of
 * its own exchange (0210 a 0200, 0810 an 0800; which one: see Exchange), so that answered echoes do not hide swallowed purchases.
 *
 * A request is due one response timeout after it was sent. `unansweredRatio` is the share, of the requests
 * that were due within the last UNANSWERED_WINDOW_MS, of those that had no response when they were due.
 */
export class TrafficMeter {
  /** A handful: there are only so many message types. */
  private readonly exchanges = new Map<number, Exchange>();
  private readonly buckets = new Map<number, Bucket>();
  private samples: number[] = [];
  private sampleCount = 0;

  constructor(
    private readonly responseTimeoutMs: number,
    private readonly nowMs: () => number,
  ) {}

  requestSent(message: Message): void {
    const nowMs = this.nowMs();
    this.bucketAt(nowMs + this.responseTimeoutMs).due += 1;
    const exchange = this.exchanges.get(message.exchange) ?? new Exchange();
    this.exchanges.set(message.exchange, exchange);
    exchange.sent(nowMs);
    if (exchange.isFull) this.expire(exchange, Number.POSITIVE_INFINITY, 1);
  }

  /** A response without a request, a late one among them, says nothing and changes nothing. */
  responseReceived(message: Message): void {
    this.expireDue();
    const tookMs = this.exchanges.get(message.exchange)?.answered(this.nowMs());
    if (tookMs === undefined) return;
    if (this.samples.length < MAX_SAMPLES) this.samples.push(tookMs);
    else this.samples[this.sampleCount % MAX_SAMPLES] = tookMs;
    this.sampleCount += 1;
  }

  /** Requests sent whose response is not due yet. */
  get inFlight(): number {
    this.expireDue();
    let count = 0;
    for (const exchange of this.exchanges.values()) count += exchange.outstanding;
    return count;
  }

  get unansweredRatio(): number {
    this.expireDue();
    const last = Math.floor(this.nowMs() / BUCKET_MS);
    const first = last - UNANSWERED_WINDOW_MS / BUCKET_MS;
    let due = 0;
    let unanswered = 0;
    for (const [index, bucket] of this.buckets) {
      if (index < first) this.buckets.delete(index);
      else if (index < last) {
        due += bucket.due;
        unanswered += bucket.unanswered;
      }
    }
    return due === 0 ? 0 : unanswered / due;
  }

  /** 99th percentile of the response times since it was taken last; undefined when there were none. */
  takeResponseP99Ms(): number | undefined {
    if (this.samples.length === 0) return undefined;
    const sorted = this.samples.sort((a, b) => a - b);
    const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1];
    this.samples = [];
    this.sampleCount = 0;
    return p99;
  }

  private expireDue(): void {
    const sentByMs = this.nowMs() - this.responseTimeoutMs;
    for (const exchange of this.exchanges.values()) this.expire(exchange, sentByMs, Number.POSITIVE_INFINITY);
  }

  private expire(exchange: Exchange, sentByMs: number, most: number): void {
    for (let count = 0; count < most; count += 1) {
      const sentMs = exchange.takeSentBy(sentByMs);
      if (sentMs === undefined) return;
      this.bucketAt(sentMs + this.responseTimeoutMs).unanswered += 1;
    }
  }

  private bucketAt(timeMs: number): Bucket {
    const index = Math.floor(timeMs / BUCKET_MS);
    const bucket = this.buckets.get(index) ?? { due: 0, unanswered: 0 };
    this.buckets.set(index, bucket);
    return bucket;
  }
}
