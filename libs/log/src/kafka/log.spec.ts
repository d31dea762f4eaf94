import { jest } from '@jest/globals';
import { KafkaLog } from './log.ts';
import { KAFKA_LIMITS } from './options.ts';

/** A log whose admin clients answer what a test says. */
function logWith(fetchTopicOffsets: (topic: string) => Promise<unknown>): KafkaLog {
  const log = new KafkaLog({ brokers: ['127.0.0.1:1'], clientId: 'test' });
  const admin = { connect: async () => undefined, disconnect: async () => undefined, fetchTopicOffsets };
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
