import { type Log, LogUnavailable, type OutgoingEvent } from '#libs/log';
import { createLogger } from '#libs/platform';
import { PEER_LIMITS } from '../failover/limits.ts';
import { AnswerOutbox } from './answer-outbox.ts';

const fact = (key: string): OutgoingEvent => ({
  topic: 'east.connection-status',
  key,
  id: key,
  type: 'peer-answered',
  source: 'test',
  data: {},
});

/** A log that takes what it is given when told to, or fails so often before. */
function slowLog(failures = 0) {
  const taken: string[][] = [];
  const waiting: (() => void)[] = [];
  let left = failures;
  const log = {
    publish: async (events: readonly OutgoingEvent[]) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (left > 0) {
        left -= 1;
        throw new LogUnavailable('away');
      }
      taken.push(events.map(({ key }) => key));
      return [];
    },
  };
  const go = async (times: number) => {
    for (let index = 0; index < times; index += 1) {
      waiting.shift()?.();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  const outbox = new AnswerOutbox(log as unknown as Log, createLogger({ name: 'test', level: 'silent' }));
  return { outbox, taken, go };
}

describe('the answers on their way to the log', () => {
  it('leave in their order, those that came meanwhile together', async () => {
    const { outbox, taken, go } = slowLog();
    for (const key of ['a', 'b', 'c']) outbox.add(fact(key));
    await go(2);
    await outbox.flushed();
    expect(taken.flat()).toEqual(['a', 'b', 'c']);
    expect(taken.length).toBeLessThan(3);
    outbox.add(fact('d'));
    await go(1);
    await outbox.flushed();
    expect(taken.flat()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are tried again, and dropped when the log is away for long', async () => {
    const soon = slowLog(PEER_LIMITS.publishTries - 1);
    soon.outbox.add(fact('a'));
    await soon.go(PEER_LIMITS.publishTries);
    await soon.outbox.flushed();
    expect(soon.taken.flat()).toEqual(['a']);
    const late = slowLog(PEER_LIMITS.publishTries);
    late.outbox.add(fact('a'));
    await late.go(PEER_LIMITS.publishTries);
    await late.outbox.flushed();
    expect(late.taken).toEqual([]);
  });

  it('are bounded in number', async () => {
    const { outbox, taken, go } = slowLog();
    outbox.add(fact('first'));
    for (let index = 0; index <= PEER_LIMITS.unpublishedAnswers; index += 1) outbox.add(fact(`${index}`));
    await go(2 + PEER_LIMITS.unpublishedAnswers / PEER_LIMITS.answersPerPublish);
    await outbox.flushed();
    expect(taken.flat()).toHaveLength(PEER_LIMITS.unpublishedAnswers + 1);
    expect(taken.every((batch) => batch.length <= PEER_LIMITS.answersPerPublish)).toBe(true);
  });
});
