import { jest } from '@jest/globals';
import type { Batch, Log, LogRecord, TailSubscription } from './port.ts';
import { type OffsetRange, RangeReader } from './range-reader.ts';

const TOPIC = 'a.facts';
const HIGH = 1_000;
const LIMIT_MS = 10_000;
const at = (from: number, to = from + 1, partition = 0): OffsetRange => ({
  topic: TOPIC,
  partition,
  from,
  to,
});

/** A log that gives a batch when it is told to, and remembers where it was sent. */
class SlowLog {
  readonly sent: string[] = [];
  private subscription: TailSubscription | undefined;

  readonly log = {
    endOffsets: async () => [0, 1].map((partition) => ({ partition, low: 0, high: HIGH })),
    tail: async (subscription: TailSubscription) => {
      this.subscription = subscription;
      return {
        seek: (_topic: string, partition: number, offset: number) =>
          this.sent.push(`seek ${partition}@${offset}`),
        pause: (_topic: string, partition: number) => this.sent.push(`pause ${partition}`),
        stop: async () => undefined,
      };
    },
  } as unknown as Log;

  async give(from: number, to: number, partition = 0): Promise<void> {
    const records = Array.from({ length: to - from }, (_none, i) => ({
      topic: TOPIC,
      partition,
      offset: from + i,
    }));
    const batch = { topic: TOPIC, partition, records, fetchedOffset: from, nextOffset: to };
    await this.subscription?.onBatch(batch as unknown as Batch);
  }

  /** So far, and from here on anew. */
  taken(): string[] {
    return this.sent.splice(0);
  }
}

describe('looks into the log at single places', () => {
  let slow: SlowLog;
  let reader: RangeReader;

  beforeEach(() => {
    jest.useFakeTimers();
    slow = new SlowLog();
    reader = new RangeReader(slow.log, { topics: [TOPIC] });
  });
  afterEach(async () => {
    await reader.stop();
    jest.useRealTimers();
  });

  const read = (ranges: OffsetRange[], limitMs = LIMIT_MS) => {
    const offsets: number[] = [];
    const whole = reader.read(ranges, limitMs, ({ offset }: LogRecord) => offsets.push(offset));
    return { offsets, whole };
  };
  const settled = () => jest.advanceTimersByTimeAsync(0);

  it('take all that wait for it out of one batch', async () => {
    const [one, other] = [read([at(5), at(9)]), read([at(7, 10)])];
    await settled();
    expect(slow.taken()).toEqual(['seek 0@5']);
    await slow.give(5, 50);
    expect(await Promise.all([one.whole, other.whole])).toEqual([true, true]);
    expect([one.offsets, other.offsets]).toEqual([
      [5, 9],
      [7, 8, 9],
    ]);
    expect(slow.taken()).toEqual(['pause 0']);
  });

  it('go where the next one begins that the batch has not, or not whole', async () => {
    const [early, late, across] = [read([at(20)]), read([at(3)]), read([at(4, 12)])];
    await settled();
    await slow.give(20, 30);
    expect(await early.whole).toBe(true);
    await slow.give(3, 10);
    expect([late.offsets, across.offsets]).toEqual([[3], []]);
    expect(slow.taken()).toEqual(['seek 0@20', 'seek 0@3', 'seek 0@4']);
    await slow.give(4, 8);
    await slow.give(8, 40);
    expect(await across.whole).toBe(true);
    expect(across.offsets).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
    expect(slow.taken()).toEqual(['pause 0']);
  });

  it('leave one whose time is over, and serve those behind it', async () => {
    const [first, second] = [read([at(5), at(7, 8, 1)], 100), read([at(400)])];
    await settled();
    slow.taken();
    await jest.advanceTimersByTimeAsync(100);
    expect(await first.whole).toBe(false);
    expect(slow.taken()).toEqual(['seek 0@400', 'pause 1']);
    await slow.give(400, 401);
    expect(await second.whole).toBe(true);
    expect([first.offsets, second.offsets]).toEqual([[], [400]]);
  });

  it('end those that wait when they end', async () => {
    const waiting = read([at(5)]);
    await settled();
    await reader.stop();
    expect(await waiting.whole).toBe(false);
  });
});
