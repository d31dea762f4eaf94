/** Requests of one exchange that wait for a response; beyond it the oldest counts as unanswered at once. */
const MAX_OUTSTANDING = 100_000;
/** Response times seen before any is taken for out of the ordinary. */
const FAMILIAR_AFTER = 16;
/** Ordinary ones in a row before one may pass over requests: while a host is becoming slow, none does. */
const SETTLED_AFTER = 8;
const WEIGHT = 1 / 16;
/** A response time is ordinary up to the mean, so many mean deviations, and this many milliseconds. */
const DEVIATIONS = 4;
const SLACK_MS = 5;
/** A time counts for no more than the mean and so many times what it usually differs. */
const OUTLIER = 8;
/** A response passes over so many requests at most. More at once is a host that became slow, not requests lost. */
const MAX_PASSED_AT_ONCE = 2;

/** Times, oldest first. What was taken is cut off in large pieces, as shifting an array one by one is slow. */
class TimeQueue {
  private times: number[] = [];
  private head = 0;

  get length(): number {
    return this.times.length - this.head;
  }

  at(index: number): number | undefined {
    return this.times[this.head + index];
  }

  push(timeMs: number): void {
    this.times.push(timeMs);
  }

  take(): number | undefined {
    const timeMs = this.times[this.head];
    if (timeMs === undefined) return undefined;
    this.head += 1;
    if (this.head === this.times.length || this.head >= 4_096) {
      this.times.splice(0, this.head);
      this.head = 0;
    }
    return timeMs;
  }
}

/**
 * Which request does a response answer, when nothing but their types is known? The oldest, as a rule. But a
 * request that was lost would then shift every later response time by one, for ever. So a response whose time would be
 * out of the ordinary, and ordinary for one of the next two requests, passes over those before: they wait
 * on, for a response too many or for the end of their time.
 */
export class Exchange {
  private readonly waiting = new TimeQueue();
  private readonly passed = new TimeQueue();
  private meanMs = 0;
  private deviationMs = 0;
  private seen = 0;
  private ordinaryInARow = 0;

  get outstanding(): number {
    return this.waiting.length + this.passed.length;
  }

  get isFull(): boolean {
    return this.outstanding > MAX_OUTSTANDING;
  }

  sent(nowMs: number): void {
    this.waiting.push(nowMs);
  }

  /** The response time; undefined when nobody asked. */
  answered(nowMs: number): number | undefined {
    for (let count = this.lostBefore(nowMs); count > 0; count -= 1) {
      const lost = this.waiting.take();
      if (lost !== undefined) this.passed.push(lost);
    }
    const expectedMs = this.waiting.take();
    const sentMs = expectedMs ?? this.passed.take();
    if (sentMs === undefined) return undefined;
    const tookMs = nowMs - sentMs;
    if (expectedMs !== undefined)
      this.ordinaryInARow = tookMs <= this.longestMs ? this.ordinaryInARow + 1 : 0;
    this.learn(tookMs);
    return tookMs;
  }

  /** Takes the oldest that was sent by then; undefined: none was. */
  takeSentBy(timeMs: number): number | undefined {
    const queue = this.passed.length > 0 ? this.passed : this.waiting;
    return (queue.at(0) ?? Number.POSITIVE_INFINITY) <= timeMs ? queue.take() : undefined;
  }

  private get longestMs(): number {
    return this.meanMs + DEVIATIONS * this.deviationMs + SLACK_MS;
  }

  private lostBefore(nowMs: number): number {
    if (this.seen < FAMILIAR_AFTER || this.ordinaryInARow < SETTLED_AFTER) return 0;
    const { longestMs } = this;
    const shortestMs = this.meanMs / 3;
    const ageAt = (index: number): number => nowMs - (this.waiting.at(index) ?? Number.POSITIVE_INFINITY);
    if (ageAt(0) <= longestMs) return 0;
    for (let index = 1; index <= MAX_PASSED_AT_ONCE; index += 1) {
      if (ageAt(index) >= shortestMs && ageAt(index) <= longestMs) return index;
    }
    return 0;
  }

  /** One time far out of the ordinary moves what is ordinary a little; many move it as far as they are. */
  private learn(answeredMs: number): void {
    this.seen += 1;
    const weight = Math.max(WEIGHT, 1 / this.seen);
    const mostMs = this.meanMs + OUTLIER * (this.deviationMs + SLACK_MS);
    const tookMs = this.seen <= FAMILIAR_AFTER ? answeredMs : Math.min(answeredMs, mostMs);
    this.deviationMs += (Math.abs(tookMs - this.meanMs) - this.deviationMs) * (this.seen === 1 ? 0 : weight);
    this.meanMs += (tookMs - this.meanMs) * weight;
  }
}
