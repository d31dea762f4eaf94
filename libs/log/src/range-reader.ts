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
  /** Reads that wait for their turn; more are refused at once. */
  waiting: 32,
  /** Default of `fetchBytes`: single records are looked for. */
  fetchBytes: 64 * 1024,
} as const;

interface Reading {
  /** What is left of each partition, the first being read now. */
  readonly left: Map<string, OffsetRange[]>;
  take(record: LogRecord): void;
  done(): void;
}

/**
 * Looks into the log at single places, beside everyone else: one consumer that stands still between reads, and one
 * read at a time. It is opened by the first read.
 */
export class RangeReader {
  private tail: Promise<Consumer> | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private reading: Reading | undefined;
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
    const until = Date.now() + limitMs;
    const mine = this.turn.then(() => this.readWithin(ranges, until, take));
    this.turn = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.waiting -= 1;
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.reading?.done();
    const consumer = await this.tail?.catch(() => undefined);
    await consumer?.stop();
  }

  private async readWithin(
    ranges: readonly OffsetRange[],
    until: number,
    take: (record: LogRecord) => void,
  ): Promise<boolean> {
    // It waited for its turn until its time was over.
    if (Date.now() >= until) return false;
    let timer: NodeJS.Timeout | undefined;
    const over = new AbortController();
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), until - Date.now());
    });
    const whole = this.readAll(ranges, over.signal, take);
    whole.catch(() => undefined);
    try {
      return await Promise.race([whole, late]);
    } finally {
      over.abort();
      clearTimeout(timer);
      await this.rest();
    }
  }

  private async readAll(
    ranges: readonly OffsetRange[],
    over: AbortSignal,
    take: (record: LogRecord) => void,
  ): Promise<boolean> {
    const left = await this.there(ranges);
    if (left.size === 0) return true;
    const consumer = await this.open();
    // The next read may have begun meanwhile.
    if (over.aborted || this.stopped) return false;
    await new Promise<void>((resolve) => {
      this.reading = { left, take, done: resolve };
      for (const [first] of left.values()) {
        if (first) consumer.seek(first.topic, first.partition, first.from);
      }
    });
    return !this.stopped;
  }

  /** What of the ranges is in the log, by partition, in order. */
  private async there(ranges: readonly OffsetRange[]): Promise<Map<string, OffsetRange[]>> {
    const ends = new Map<string, PartitionOffsets[]>();
    for (const topic of new Set(ranges.map((each) => each.topic))) {
      if (this.options.topics.includes(topic)) ends.set(topic, await this.log.endOffsets(topic));
    }
    const left = new Map<string, OffsetRange[]>();
    for (const range of [...ranges].sort((one, other) => one.from - other.from)) {
      const { topic, partition } = range;
      const known = ends.get(topic)?.find((each) => each.partition === partition);
      const from = Math.max(range.from, known?.low ?? 0);
      const to = Math.min(range.to, known?.high ?? 0);
      if (from >= to) continue;
      const key = `${topic}/${partition}`;
      left.set(key, [...(left.get(key) ?? []), { ...range, from, to }]);
    }
    return left;
  }

  private open(): Promise<Consumer> {
    if (this.tail) return this.tail;
    const { topics, parse, fetchBytes = RANGE_LIMITS.fetchBytes } = this.options;
    const opening = this.log.tail({
      topics,
      from: 'earliest',
      paused: true,
      fetchBytes,
      ...(parse && { parse }),
      onBatch: (batch) => this.onBatch(batch),
    });
    this.tail = opening;
    opening.catch(() => {
      if (this.tail === opening) this.tail = undefined;
    });
    return opening;
  }

  private async onBatch({ topic, partition, records, nextOffset }: Batch): Promise<void> {
    const { reading } = this;
    const consumer = await this.tail;
    const key = `${topic}/${partition}`;
    const ranges = reading?.left.get(key);
    const [range] = ranges ?? [];
    if (reading === undefined || reading !== this.reading || ranges === undefined || range === undefined) {
      consumer?.pause(topic, partition);
      return;
    }
    for (const record of records) {
      if (record.offset >= range.from && record.offset < range.to) reading.take(record);
    }
    if (nextOffset < range.to) return;
    ranges.shift();
    const [next] = ranges;
    if (next) {
      consumer?.seek(topic, partition, next.from);
      return;
    }
    consumer?.pause(topic, partition);
    reading.left.delete(key);
    if (reading.left.size === 0) reading.done();
  }

  /** Nothing is read between two reads. */
  private async rest(): Promise<void> {
    const { reading } = this;
    this.reading = undefined;
    if (reading === undefined || this.tail === undefined) return;
    const consumer = await this.tail.catch(() => undefined);
    for (const [range] of reading.left.values()) {
      if (range) consumer?.pause(range.topic, range.partition);
    }
  }
}
