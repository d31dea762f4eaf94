import { LogUnavailable } from './errors.ts';
import type { Batch, Consumer, Log, LogRecord, MessageParser, PartitionOffsets } from './port.ts';

/** Offsets of one partition: from the first to, not including, the second. */
export interface OffsetRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface RangeReaderOptions {
  /** Every topic that ranges may be of. */
  readonly topics: readonly string[];
  readonly parse?: MessageParser;
  /** A fetch holds so many bytes of a partition, about; a larger record comes all the same. */
  readonly fetchBytes?: number;
}

export const RANGE_LIMITS = {
  /** Ranges of one read. */
  ranges: 256,
  /** Reads that wait for the log at once; more are refused. */
  waiting: 32,
  /** Default of `fetchBytes`: single records are looked for. */
  fetchBytes: 64 * 1024,
  /** How long a read may wait, in milliseconds, until a consumer that stands still looks for what is wanted. */
  waitMs: 10,
} as const;

interface Reading {
  /** Ranges that were not given whole yet. */
  left: number;
  take(record: LogRecord): void;
  done(): void;
}

interface Wanted extends OffsetRange {
  readonly reading: Reading;
}

/**
 * Looks into the log at single places, beside everyone else: one consumer that stands still while nothing is wanted,
 * and serves all reads that wait. It is opened by the first read.
 */
export class RangeReader {
  private tail: Promise<Consumer> | undefined;
  /** What `tail` became: it gives no batch before a seek. */
  private consumer: Consumer | undefined;
  private readonly readings = new Set<Reading>();
  /** Of each partition that is read, in the order of the reads; the first one is sought. */
  private readonly wanted = new Map<string, Wanted[]>();
  private waiting = 0;
  private stopped = false;

  constructor(
    private readonly log: Log,
    private readonly options: RangeReaderOptions,
  ) {}

  /**
   * Gives the records of these ranges that the log still has, each partition's in its order.
   * @param limitMs from the call to the last record, in milliseconds; what was not read by then is not given.
   * @returns whether everything that is there was given.
   * @throws LogUnavailable when too many reads wait, or it was stopped.
   */
  async read(
    ranges: readonly OffsetRange[],
    limitMs: number,
    take: (record: LogRecord) => void,
  ): Promise<boolean> {
    if (ranges.length > RANGE_LIMITS.ranges) throw new RangeError(`at most ${RANGE_LIMITS.ranges} ranges`);
    if (ranges.length === 0) return true;
    if (this.stopped || this.waiting >= RANGE_LIMITS.waiting) {
      throw new LogUnavailable('too many wait to look into the log');
    }
    this.waiting += 1;
    try {
      return await this.readWithin(ranges, limitMs, take);
    } finally {
      this.waiting -= 1;
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const reading of this.readings) reading.done();
    const consumer = await this.tail?.catch(() => undefined);
    await consumer?.stop();
  }

  private async readWithin(
    ranges: readonly OffsetRange[],
    limitMs: number,
    take: (record: LogRecord) => void,
  ): Promise<boolean> {
    if (limitMs <= 0) return false;
    let timer: NodeJS.Timeout | undefined;
    const over = new AbortController();
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const whole = this.readAll(ranges, over.signal, take);
    whole.catch(() => undefined);
    try {
      return await Promise.race([whole, late]);
    } finally {
      over.abort();
      clearTimeout(timer);
    }
  }

  private async readAll(
    ranges: readonly OffsetRange[],
    over: AbortSignal,
    take: (record: LogRecord) => void,
  ): Promise<boolean> {
    const there = await this.there(ranges);
    if (there.length === 0) return true;
    await this.open();
    if (over.aborted || this.stopped) return false;
    await new Promise<void>((done) => {
      const reading = { left: there.length, take, done };
      this.readings.add(reading);
      over.addEventListener('abort', () => this.forget(reading));
      for (const range of there) this.want({ ...range, reading });
    });
    return !this.stopped;
  }

  /** What of the ranges is in the log, in order. */
  private async there(ranges: readonly OffsetRange[]): Promise<OffsetRange[]> {
    const ends = new Map<string, PartitionOffsets[]>();
    for (const topic of new Set(ranges.map((each) => each.topic))) {
      if (this.options.topics.includes(topic)) ends.set(topic, await this.log.endOffsets(topic));
    }
    return [...ranges]
      .sort((one, other) => one.from - other.from)
      .map((range) => {
        const known = ends.get(range.topic)?.find(({ partition }) => partition === range.partition);
        const { low = 0, high = 0 } = known ?? {};
        return { ...range, from: Math.max(range.from, low), to: Math.min(range.to, high) };
      })
      .filter(({ from, to }) => from < to);
  }

  private async open(): Promise<void> {
    this.tail ??= this.opened();
    const opening = this.tail;
    try {
      this.consumer = await opening;
    } catch (error) {
      if (this.tail === opening) this.tail = undefined;
      throw error;
    }
  }

  private opened(): Promise<Consumer> {
    const { topics, parse, fetchBytes = RANGE_LIMITS.fetchBytes } = this.options;
    return this.log.tail({
      topics,
      from: 'earliest',
      paused: true,
      fetchBytes,
      waitMs: RANGE_LIMITS.waitMs,
      ...(parse && { parse }),
      onBatch: async (batch) => this.onBatch(batch),
    });
  }

  private want(range: Wanted): void {
    const key = keyOf(range);
    const queue = this.wanted.get(key);
    if (queue) {
      queue.push(range);
    } else {
      this.wanted.set(key, [range]);
      this.consumer?.seek(range.topic, range.partition, range.from);
    }
  }

  private onBatch({ topic, partition, records, fetchedOffset, nextOffset }: Batch): void {
    const queue = this.wanted.get(keyOf({ topic, partition })) ?? [];
    for (let isSought = true; ; isSought = false) {
      const [range] = queue;
      if (range === undefined) {
        this.wanted.delete(keyOf({ topic, partition }));
        this.consumer?.pause(topic, partition);
        return;
      }
      const { from, to, reading } = range;
      if (!isSought && (from < fetchedOffset || to > nextOffset)) {
        this.consumer?.seek(topic, partition, from);
        return;
      }
      for (const record of records) {
        if (record.offset >= from && record.offset < to) reading.take(record);
      }
      // Of a longer one the rest comes with the next batch.
      if (nextOffset < to) return;
      queue.shift();
      reading.left -= 1;
      if (reading.left === 0) reading.done();
    }
  }

  /** Its time is over, or it has everything. */
  private forget(reading: Reading): void {
    this.readings.delete(reading);
    if (reading.left === 0) return;
    for (const [key, queue] of this.wanted) {
      const [sought] = queue;
      const rest = queue.filter((range) => range.reading !== reading);
      const [next] = rest;
      if (next) this.wanted.set(key, rest);
      else this.wanted.delete(key);
      if (sought === next || sought === undefined) continue;
      if (next) this.consumer?.seek(next.topic, next.partition, next.from);
      else this.consumer?.pause(sought.topic, sought.partition);
    }
  }
}

const keyOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string =>
  `${topic}/${partition}`;
