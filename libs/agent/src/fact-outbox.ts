import { randomUUID } from 'node:crypto';
import type { FactData, HandledFactName } from '#libs/contracts';
import { type TraceContext, traceHeaders } from '#libs/log';
import type { Clock, Logger } from '#libs/platform';
import type { FactSink, OutgoingRecord } from './ports.ts';

const MAX_BATCH = 500;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1_000;

export interface OutboxOptions {
  readonly topic: string;
  readonly source: string;
  /** Facts that wait while Kafka is away; past it the oldest that is not on its way is dropped and counted. */
  readonly maxWaiting: number;
  readonly dropped: () => void;
}

/**
 * Facts on their way to Kafka, in order. Publishing never waits for anything: what cannot go out now waits
 * here, bounded, and is tried again until it is acknowledged. A retry may write a fact twice; its id tells.
 */
export class FactOutbox {
  private waiting: OutgoingRecord[] = [];
  private pumping: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private inFlight = 0;
  private isClosed = false;
  private failures = 0;

  constructor(
    private readonly sink: FactSink,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly options: OutboxOptions,
  ) {}

  get length(): number {
    return this.waiting.length;
  }

  /** Kafka did not take the latest batch; it is being tried again. */
  get isFailing(): boolean {
    return this.failures > 0;
  }

  /** @param trace that the fact is part of. */
  publish<N extends HandledFactName>(name: N, key: string, data: FactData[N], trace?: TraceContext): void {
    if (this.waiting.length >= this.options.maxWaiting && !this.makeRoom()) return;
    this.waiting.push({
      topic: this.options.topic,
      key,
      id: randomUUID(),
      type: name,
      source: this.options.source,
      time: new Date(this.clock.wallMs()).toISOString(),
      data,
      ...(trace === undefined ? {} : { headers: traceHeaders(trace) }),
    });
    // Facts of one turn leave together: the pump begins once the caller has said all it has to say.
    this.pumping ??= Promise.resolve().then(() => this.pump());
  }

  /** Resolves when all is out, or after `limitMs`; true: all is out. */
  async flush(limitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    this.wake?.();
    await Promise.race([this.pumping ?? Promise.resolve(), limit]);
    clearTimeout(timer);
    return this.waiting.length === 0;
  }

  /** Tries no more; what waits stays. For the end of the process. */
  close(): void {
    this.isClosed = true;
    this.wake?.();
  }

  /** Drops the oldest that is not being sent right now. False: all are, and the new one is what is dropped. */
  private makeRoom(): boolean {
    this.options.dropped();
    return this.waiting.splice(this.inFlight, 1).length > 0;
  }

  private async pump(): Promise<void> {
    while (this.waiting.length > 0 && !this.isClosed) {
      const batch = this.waiting.slice(0, MAX_BATCH);
      this.inFlight = batch.length;
      try {
        await this.sink.publish(batch);
        const sent = new Set(batch);
        this.waiting = this.waiting.filter((record) => !sent.has(record));
        this.failures = 0;
      } catch (error) {
        this.inFlight = 0;
        this.failures += 1;
        if (this.failures === 1)
          this.log.warn({ err: error, waiting: this.waiting.length }, 'facts wait for Kafka');
        await this.pause(Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.failures));
      } finally {
        this.inFlight = 0;
      }
    }
    this.pumping = undefined;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
