import type { Batch, Consumer, Log, LogRecord, TailSubscription } from '#libs/log';
import type { DecisionRecord, RegistryWriter, StoredPosition } from '#libs/registry';
import { DecisionStream } from './decision-stream.ts';

const TOPIC = 'east.controller-events';
const PARTITIONS = [0, 1, 2];
const END = 2;

/** A partition of two records that decide nothing. */
function batch(partition: number): Batch {
  const records: LogRecord[] = [];
  return {
    topic: TOPIC,
    partition,
    records,
    fetchedOffset: 0,
    nextOffset: END,
    highWatermark: END,
    heartbeat: async () => undefined,
  };
}

/** A stream over a log of given batches and a registry that answers what a test says. */
class Stand {
  readonly stored = new Map<string, StoredPosition>();
  readonly causes: string[] = [];
  readonly restarted: number[] = [];
  endsAsked = 0;
  /** Ends are told once it resolves. */
  ends: Promise<void> = Promise.resolve();
  apply: () => { have: number } | undefined = () => undefined;
  private subscription: TailSubscription | undefined;
  readonly stream: DecisionStream;

  constructor() {
    this.stream = new DecisionStream(this.log(), this.registry(), TOPIC, {
      applied: () => undefined,
      rebuilding: (_topic, _partition, cause) => this.causes.push(cause),
      swept: () => undefined,
      failed: () => undefined,
      retrying: () => undefined,
    });
  }

  give(partition: number): Promise<void> | undefined {
    return this.subscription?.onBatch(batch(partition));
  }

  private log(): Log {
    const consumer = {
      seek: (_topic: string, partition: number) => this.restarted.push(partition),
      pause: () => undefined,
      stop: async () => undefined,
    };
    return {
      endOffsets: async () => {
        this.endsAsked += 1;
        await this.ends;
        return PARTITIONS.map((partition) => ({ partition, low: 0, high: END }));
      },
      tail: async (subscription: TailSubscription) => {
        this.subscription = subscription;
        const { from } = subscription;
        for (const partition of PARTITIONS) if (typeof from === 'function') await from(TOPIC, partition);
        return consumer as unknown as Consumer;
      },
    } as unknown as Log;
  }

  private registry(): RegistryWriter {
    const positions = {
      read: async (fields: string[]) => fields.map((field) => this.stored.get(field)),
      begin: async (field: string, from: StoredPosition) => void this.stored.set(field, from),
      move: async (field: string, _expected: StoredPosition, next: StoredPosition) => {
        if (!this.stored.has(field)) return 'missing';
        this.stored.set(field, next);
        return 'moved';
      },
    };
    const applyDecisions = async (_records: readonly DecisionRecord[]) => {
      const gap = this.apply();
      return { applied: 0, skipped: 0, gaps: gap ? [{ key: 'c1:a', next: 5, ...gap }] : [] };
    };
    return { positions, applyDecisions } as unknown as RegistryWriter;
  }
}

describe('the decisions of a topic', () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = new Stand();
    await stand.stream.start(PARTITIONS);
    for (const partition of PARTITIONS) await stand.give(partition);
    stand.causes.length = 0;
    stand.restarted.length = 0;
  });

  it('are given again, all partitions side by side, to a Redis that lost its positions', async () => {
    stand.stored.clear();
    let answer: () => void = () => undefined;
    stand.ends = new Promise((resolve) => {
      answer = resolve;
    });
    stand.endsAsked = 0;
    const checked = stand.stream.check();
    await new Promise(setImmediate);
    // None waits for another: questions that wait together are one to Kafka.
    expect(stand.endsAsked).toBe(PARTITIONS.length);
    answer();
    await checked;
    expect(stand.causes).toEqual(PARTITIONS.map(() => 'position-missing'));
    expect(stand.restarted).toEqual(PARTITIONS);
    for (const partition of PARTITIONS) await stand.give(partition);
    expect(stand.stream.positions().every(({ whole }) => whole)).toBe(true);
  });

  it('are not given up when Redis loses all once more while they are given again', async () => {
    stand.apply = () => ({ have: 2 });
    await stand.give(0);
    stand.stored.clear();
    stand.apply = () => ({ have: 0 });
    await stand.give(0);
    expect(stand.causes).toEqual(['version-gap', 'position-missing']);
    expect(stand.stream.failures()).toEqual([]);
    stand.apply = () => undefined;
    await stand.give(0);
    expect(stand.stream.positions()[0]).toEqual({ partition: 0, offset: END, whole: true });
  });

  it('stop where the log itself lacks a version', async () => {
    stand.apply = () => ({ have: 2 });
    await stand.give(0);
    await stand.give(0);
    expect(stand.causes).toEqual(['version-gap']);
    expect(stand.stream.failures()).toEqual([`${TOPIC}/0: c1:a has no version 3`]);
  });
});
