import { jest } from '@jest/globals';
import type { LogObserver } from '../observer.ts';
import { LEADERLESS_LIMIT_MS } from './leaderless.ts';
import { KafkaLog } from './log.ts';
import { KAFKA_LIMITS } from './options.ts';

/** A log whose admin clients answer what a test says. */
function logWith(
  fetchTopicOffsets: (topic: string) => Promise<unknown>,
  observer: LogObserver = {},
): KafkaLog {
  const log = new KafkaLog({ brokers: ['127.0.0.1:1'], clientId: 'test', observer });
  const fetchTopicMetadata = async () => ({ topics: [{ partitions: await fetchTopicOffsets('') }] });
  const lifecycle = { connect: async () => undefined, disconnect: async () => undefined };
  const admin = { ...lifecycle, fetchTopicOffsets, fetchTopicMetadata };
  Object.assign(log, { kafka: { admin: () => admin } });
  return log;
}

describe("a topic's ends", () => {
  afterEach(() => jest.useRealTimers());

  it('are asked for once for all who wait, and again for who comes when the question is out', async () => {
    const answers: (() => void)[] = [];
    const log = logWith(
      () =>
        new Promise((resolve) => {
          const high = `${answers.length + 1}`;
          answers.push(() => resolve([{ partition: 0, low: '0', high }]));
        }),
    );
    const together = Promise.all(Array.from({ length: 12 }, () => log.endOffsets('a')));
    await new Promise(setImmediate);
    const later = log.endOffsets('a');
    answers[0]?.();
    expect((await together).map(([end]) => end?.high)).toEqual(Array(12).fill(1));
    await new Promise(setImmediate);
    answers[1]?.();
    expect((await later)[0]?.high).toBe(2);
    expect(answers).toHaveLength(2);
  });

  it('are asked for anew when Kafka never answers, and hold up nobody for ever', async () => {
    jest.useFakeTimers();
    let asked = 0;
    const log = logWith(() => {
      asked += 1;
      return asked === 1 ? new Promise(() => undefined) : Promise.resolve([]);
    });
    const both = Promise.all([log.endOffsets('a'), log.endOffsets('b')]);
    await jest.advanceTimersByTimeAsync(KAFKA_LIMITS.adminMs + 1_000);
    expect(await both).toEqual([[], []]);
    expect(asked).toBe(3);
  });
});

describe("a topic without a leader, as just after a broker's start", () => {
  const leaderless = Object.assign(new Error('There is no leader for this topic-partition'), {
    type: 'LEADER_NOT_AVAILABLE',
  });
  const exceeded = new Error('retries exceeded', { cause: leaderless });

  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it.each([
    ['ends', (log: KafkaLog) => log.endOffsets('a'), [{ partition: 0, low: 0, high: 7 }]],
    ['partitions', (log: KafkaLog) => log.partitionCount('a'), 1],
  ] as const)('keeps who asks for its %s waiting, and says so once', async (what, ask, answer) => {
    const ledAt = Date.now() + LEADERLESS_LIMIT_MS / 2;
    const failed = jest.fn();
    const log = logWith(
      async () => {
        if (Date.now() < ledAt) throw exceeded;
        return [{ partition: 0, low: '0', high: '7' }];
      },
      { failed },
    );
    const asked = ask(log);
    await jest.advanceTimersByTimeAsync(LEADERLESS_LIMIT_MS);
    expect(await asked).toEqual(answer);
    expect(failed.mock.calls).toEqual([['no-leader', exceeded, `${what} of a: asked for up to 60000 ms`]]);
  });

  it('is given up after the limit, with the reason', async () => {
    const asked = logWith(() => Promise.reject(exceeded)).endOffsets('a');
    const refused = expect(asked).rejects.toMatchObject({
      name: 'LogUnavailable',
      message: 'ends of a: no leader within 60000 ms',
      cause: exceeded,
    });
    await jest.advanceTimersByTimeAsync(LEADERLESS_LIMIT_MS - 1_000);
    let over = false;
    void asked.catch(() => {
      over = true;
    });
    await jest.advanceTimersByTimeAsync(0);
    expect(over).toBe(false);
    await jest.advanceTimersByTimeAsync(2_000);
    await refused;
    expect(over).toBe(true);
  });

  it('is asked for no longer once the log is closed, and no other failure is waited out', async () => {
    const log = logWith(() => Promise.reject(leaderless));
    const asked = expect(log.endOffsets('a')).rejects.toThrow();
    await jest.advanceTimersByTimeAsync(5_000);
    await log.close();
    await jest.advanceTimersByTimeAsync(1_000);
    await asked;

    const failed = jest.fn();
    const refused = logWith(() => Promise.reject(new Error('not authorised')), { failed }).endOffsets('a');
    const thrown = expect(refused).rejects.toThrow('not authorised');
    await jest.advanceTimersByTimeAsync(1_000);
    await thrown;
    expect(failed).not.toHaveBeenCalled();
  });
});
