import { type Answers, openAnswers, REGISTRY_LIMITS } from '#libs/registry';
import { ownDatabase } from '../support/projection.ts';
import { redisCommand } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

const [ALL, ENDS] = ['trunkline:{answers}:all', 'trunkline:{answers}:ends'] as const;

describe('answers to requests that may come again, in Redis', () => {
  let url: string;
  let answers: Answers;

  beforeEach(async () => {
    url = await ownDatabase();
    answers = openAnswers({ url, onError: () => undefined });
    await waitFor(() => answers.release('none', 'none').then(() => true));
  });
  afterEach(() => answers.close());

  const claim = (key: string, fingerprint = 'f') => answers.claim(key, fingerprint);
  const fill = (count: number) =>
    redisCommand(
      url,
      'EVAL',
      `for i = 1, ${count} do
        redis.call('HSET', KEYS[1], 'old' .. i, 'f\\tanswer')
        redis.call('ZADD', KEYS[2], 9000000000000 + i, 'old' .. i)
      end`,
      '2',
      ALL,
      ENDS,
    );

  it('are given to one of many who claim a key at once, and kept for the others', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => claim('k')));
    expect(all.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect(all.filter(({ kind }) => kind === 'running')).toHaveLength(49);
    await answers.keep('k', 'f', '{"event_id":"e\\t1"}');
    expect(await claim('k')).toEqual({ kind: 'answered', answer: '{"event_id":"e\\t1"}' });
    expect(await claim('k', 'other')).toEqual({ kind: 'other' });
    expect(await claim('k2')).toEqual({ kind: 'claimed' });
  });

  it('of a request that was not answered are nobody’s; those that are kept stay', async () => {
    await claim('k');
    await answers.release('k', 'other');
    expect((await claim('k')).kind).toBe('running');
    await answers.release('k', 'f');
    expect((await claim('k')).kind).toBe('claimed');
    await answers.keep('k', 'f', 'a');
    await answers.release('k', 'f');
    expect((await claim('k')).kind).toBe('answered');
  });

  it('end: a request that takes too long gives its key up, an answer is kept for a day', async () => {
    await claim('k');
    const [seconds] = (await redisCommand(url, 'TIME')) as string[];
    const left = async () => Number(await redisCommand(url, 'ZSCORE', ENDS, 'k')) - Number(seconds) * 1_000;
    expect(Math.abs((await left()) - REGISTRY_LIMITS.answerLeaseMs)).toBeLessThan(60_000);
    await redisCommand(url, 'ZADD', ENDS, '1', 'k');
    expect((await claim('k', 'another')).kind).toBe('claimed');
    await answers.keep('k', 'another', 'a');
    expect(Math.abs((await left()) - REGISTRY_LIMITS.answerLifeMs)).toBeLessThan(60_000);
    await redisCommand(url, 'ZADD', ENDS, '1', 'k');
    await claim('k2');
    expect(await redisCommand(url, 'HEXISTS', ALL, 'k')).toBe(0);
  });

  it('are bounded: of too many those that end first are let go', async () => {
    await fill(REGISTRY_LIMITS.answersKept);
    await claim('new');
    expect(await redisCommand(url, 'ZCARD', ENDS)).toBe(REGISTRY_LIMITS.answersKept);
    expect(await redisCommand(url, 'HLEN', ALL)).toBe(REGISTRY_LIMITS.answersKept);
    expect(await redisCommand(url, 'HEXISTS', ALL, 'old1')).toBe(0);
    expect(await redisCommand(url, 'HEXISTS', ALL, 'old2')).toBe(1);
  });
});
