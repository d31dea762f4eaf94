import { createLogger, systemClock } from '#libs/platform';
import { FactOutbox } from './fact-outbox.ts';
import type { OutgoingRecord } from './ports.ts';

const logger = createLogger({ name: 'test', level: 'silent' });

function outboxOn(publish: (records: OutgoingRecord[]) => Promise<unknown>, maxWaiting = 100) {
  let dropped = 0;
  const outbox = new FactOutbox({ publish }, systemClock, logger, {
    topic: 'east.connection-status',
    source: 'spiffe://trunkline/east/client-sidecar/a',
    maxWaiting,
    dropped: () => {
      dropped += 1;
    },
  });
  const say = (number: number): void =>
    outbox.publish('connection-closed', 'a:b', { connection_id: 'a:b', epoch: number, reason: 'test' });
  return { outbox, say, dropped: () => dropped };
}
const epochsOf = (records: OutgoingRecord[]): number[] =>
  records.map(({ data }) => (data as { epoch: number }).epoch);

describe('FactOutbox', () => {
  it('tells while Kafka does not take what it has', async () => {
    let isAway = true;
    const { outbox, say } = outboxOn(async () => {
      if (isAway) throw new Error('away');
    });
    expect(outbox.isFailing).toBe(false);
    say(1);
    await outbox.flush(10);
    expect(outbox.isFailing).toBe(true);
    isAway = false;
    expect(await outbox.flush(2_000)).toBe(true);
    expect(outbox.isFailing).toBe(false);
  });

  it('sends facts of one turn together, in order, each with an id of its own', async () => {
    const batches: OutgoingRecord[][] = [];
    const { outbox, say } = outboxOn(async (records) => batches.push(records));
    say(1);
    say(2);
    expect(await outbox.flush(1_000)).toBe(true);
    expect(batches.map(epochsOf)).toEqual([[1, 2]]);
    const [first, second] = batches.flat();
    expect(first).toMatchObject({ topic: 'east.connection-status', key: 'a:b', type: 'connection-closed' });
    expect(first?.id).not.toBe(second?.id);
  });

  it('keeps facts while the log does not take them, and sends them with the same ids when it does', async () => {
    const tries: OutgoingRecord[][] = [];
    const { outbox, say, dropped } = outboxOn(async (records) => {
      tries.push(records);
      if (tries.length < 3) throw new Error('away');
    });
    say(1);
    say(2);
    await outbox.flush(5_000);
    expect(tries.map(epochsOf)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(tries[2]?.map(({ id }) => id)).toEqual(tries[0]?.map(({ id }) => id));
    expect(outbox.length).toBe(0);
    expect(dropped()).toBe(0);
  });

  it('drops the oldest that is not on its way when it is full, and counts each', async () => {
    let release = (): void => {};
    const batches: OutgoingRecord[][] = [];
    const { outbox, say, dropped } = outboxOn(async (records) => {
      batches.push(records);
      if (batches.length === 1) await new Promise<void>((resolve) => (release = resolve));
    }, 3);
    say(1);
    await new Promise((resolve) => setImmediate(resolve));
    for (const number of [2, 3, 4, 5]) say(number);
    expect(outbox.length).toBe(3);
    release();
    await outbox.flush(1_000);
    expect(batches.map(epochsOf)).toEqual([[1], [4, 5]]);
    expect(dropped()).toBe(2);
  });

  it('drops the new one when all that wait are on their way, and none of those that are', async () => {
    let release = (): void => {};
    const batches: OutgoingRecord[][] = [];
    const { outbox, say, dropped } = outboxOn(async (records) => {
      batches.push(records);
      if (batches.length === 1) await new Promise<void>((resolve) => (release = resolve));
    }, 2);
    say(1);
    say(2);
    await new Promise((resolve) => setImmediate(resolve));
    say(3);
    expect([outbox.length, dropped()]).toEqual([2, 1]);
    release();
    await outbox.flush(1_000);
    say(4);
    await outbox.flush(1_000);
    expect(batches.map(epochsOf)).toEqual([[1, 2], [4]]);
  });

  it('says after its time that not all is out', async () => {
    const { outbox, say } = outboxOn(() => new Promise(() => {}));
    say(1);
    expect(await outbox.flush(20)).toBe(false);
    expect(outbox.length).toBe(1);
  });
});
