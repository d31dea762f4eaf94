import type { PeerQuestion } from '#libs/contracts';
import type { link, loop } from '#libs/domain';
import type { OutgoingEvent } from '#libs/log';
import { createLogger, createRegistry, systemClock } from '#libs/platform';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { PEER_LIMITS } from '../failover/limits.ts';
import type { AskedQuestion, PeerAnswer } from '../failover/peer-client.ts';
import { PeerQuestions } from './peer-questions.ts';

const KEY = 'bank-client-1:primary';
const ASSIGNED: PeerAnswer = { outcome: 'assigned', server_id: 'scheme-server-2', address: 'a:1' };

function questionOf(epoch: number, withinMs = 5_000): PeerQuestion {
  return {
    epoch,
    peer_region: 'west',
    client_id: 'bank-client-1',
    server_group: 'scheme',
    reason: 'server-lost',
    deadline_at: new Date(Date.now() + withinMs).toISOString(),
  };
}

const asking = (question?: PeerQuestion): loop.Aggregate => ({
  kind: 'link',
  state: { asking: question } as link.LinkState,
});

/** What was asked of the peer, and how to answer it. */
interface Asked extends AskedQuestion {
  readonly signal: AbortSignal;
  answer(answer: PeerAnswer): void;
  fail(error: Error): void;
}

function world(region = 'west') {
  const asked: Asked[] = [];
  const published: OutgoingEvent[] = [];
  const metrics = createRegistry('test');
  const peer = {
    ask: (question: AskedQuestion, signal: AbortSignal) =>
      new Promise<PeerAnswer>((answer, fail) => asked.push({ ...question, signal, answer, fail })),
    openQuestions: 0,
    leftAlone: false,
    close: () => {},
  };
  const questions = new PeerQuestions({
    region: 'east',
    peers: new Map([[region, peer]]),
    publish: (fact) => void published.push(fact),
    clock: systemClock,
    logger: createLogger({ name: 'test', level: 'silent' }),
    metrics,
  });
  const outcomes = async () => {
    const found = await metrics.getSingleMetric('trunkline_peer_questions_total')?.get();
    return Object.fromEntries(found?.values.map(({ labels, value }) => [labels.outcome, value]) ?? []);
  };
  return { asked, published, questions, outcomes, peer };
}

/** Until whatever the worker had in hand is done. */
const settled = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

describe('the questions of links to peers', () => {
  it('are asked when a link begins to wait, and their end is a fact of this region', async () => {
    const { asked, published, questions, outcomes } = world();
    const question = questionOf(2);
    questions.changed(KEY, asking(question));
    await settled();
    expect(asked[0]).toMatchObject({
      connectionId: KEY,
      question,
      deadlineMs: Date.parse(question.deadline_at),
    });
    asked[0]?.answer(ASSIGNED);
    await settled();
    expect(published).toEqual([
      expect.objectContaining({
        topic: 'east.connection-status',
        key: KEY,
        type: 'peer-answered',
        data: {
          connection_id: KEY,
          epoch: 2,
          peer_region: 'west',
          ...ASSIGNED,
          took_ms: expect.any(Number),
        },
      }),
    ]);
    expect(await outcomes()).toEqual({ assigned: 1 });
  });

  it('are not asked by links that wait for nothing', async () => {
    const { asked, questions } = world();
    questions.changed(KEY, asking());
    questions.changed('scheme-server-1', { kind: 'agent', state: {} } as loop.Aggregate);
    await settled();
    expect(asked).toEqual([]);
  });

  it('are asked once, however often the link changes while it waits', async () => {
    const { asked, questions } = world();
    const question = questionOf(2);
    for (let index = 0; index < 3; index += 1) questions.changed(KEY, asking({ ...question }));
    await settled();
    questions.changed(KEY, asking(question));
    await settled();
    expect(asked).toHaveLength(1);
  });

  it('are asked again when their partition comes back before the peer answered what was called off', async () => {
    const { asked, published, questions } = world();
    const question = questionOf(2);
    questions.changed(KEY, asking(question));
    await settled();
    questions.changed(KEY, undefined);
    questions.changed(KEY, asking(question));
    await settled();
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    for (const each of asked) each.answer(ASSIGNED);
    await settled();
    expect(published).toHaveLength(1);
  });

  it('of long ago are passed by: a fold of the log asks only what stands at its end', async () => {
    const { asked, published, questions } = world();
    for (const epoch of [2, 3, 4]) {
      questions.changed(KEY, asking(questionOf(epoch, -1_000)));
      questions.changed(KEY, asking());
    }
    questions.changed('other:primary', asking(questionOf(7, -1)));
    questions.changed(KEY, asking(questionOf(5)));
    await settled();
    expect(asked.map(({ question }) => question.epoch)).toEqual([5]);
    expect(published).toEqual([]);
  });

  it('that a dropped decision asked are not asked again while they run', async () => {
    const { asked, published, questions } = world();
    questions.changed(KEY, asking(questionOf(2)));
    await settled();
    questions.changed(KEY, asking());
    questions.changed(KEY, asking(questionOf(2)));
    await settled();
    expect(asked).toHaveLength(1);
    asked[0]?.answer(ASSIGNED);
    await settled();
    expect(published).toHaveLength(1);
  });

  it('give way to the next one of their link', async () => {
    const { asked, published, questions } = world();
    questions.changed(KEY, asking(questionOf(2)));
    await settled();
    questions.changed(KEY, asking(questionOf(3)));
    await settled();
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    for (const each of asked) each.answer(ASSIGNED);
    await settled();
    expect(published.map(({ data }) => (data as { epoch: number }).epoch)).toEqual([3]);
  });

  it('are cancelled when the partition is another’s, which asks itself', async () => {
    const { asked, published, questions } = world();
    questions.changed(KEY, asking(questionOf(2)));
    await settled();
    questions.changed(KEY, undefined);
    expect(asked[0]?.signal.aborted).toBe(true);
    asked[0]?.answer(ASSIGNED);
    await settled();
    expect(published).toEqual([]);
    // It comes back before the deadline.
    questions.changed(KEY, asking(questionOf(2)));
    await settled();
    expect(asked).toHaveLength(2);
  });

  it('are cancelled, and no more are asked, when the process stops', async () => {
    const { asked, published, questions } = world();
    questions.changed(KEY, asking(questionOf(2)));
    await settled();
    questions.stop();
    questions.changed('other:primary', asking(questionOf(2)));
    await settled();
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true]);
    asked[0]?.answer(ASSIGNED);
    await settled();
    expect(published).toEqual([]);
  });

  it('are no longer put beyond a bound, in which what is about to be asked counts', async () => {
    const { asked, questions, peer } = world();
    expect(questions.unaskable('west')).toBeUndefined();
    peer.openQuestions = PEER_LIMITS.openQuestions - 2;
    questions.changed(KEY, asking(questionOf(2)));
    expect(questions.unaskable('west')).toBeUndefined();
    questions.changed('other:primary', asking(questionOf(2)));
    expect(questions.unaskable('west')).toBe('overloaded');
    await settled();
    expect(asked).toHaveLength(2);
    // The peer itself counts them from then on.
    expect(questions.unaskable('west')).toBeUndefined();
    peer.openQuestions = PEER_LIMITS.openQuestions;
    expect(questions.unaskable('west')).toBe('overloaded');
  });

  it('are not put to a peer that is left alone; of one without an address it is said when it is asked', () => {
    const { questions, peer } = world();
    peer.leftAlone = true;
    expect(questions.unaskable('west')).toBe('circuit-open');
    expect(questions.unaskable('north')).toBeUndefined();
  });

  it('end as unreachable when no address is known, or the client breaks', async () => {
    const strangers = world('north');
    strangers.questions.changed(KEY, asking(questionOf(2)));
    await waitFor(() => strangers.published.length === 1);
    expect(strangers.published[0]?.data).toMatchObject({ outcome: 'unreachable' });
    const broken = world();
    broken.questions.changed(KEY, asking(questionOf(2)));
    await settled();
    broken.asked[0]?.fail(new Error('a defect'));
    await waitFor(() => broken.published.length === 1);
    expect(broken.published[0]?.data).toMatchObject({ outcome: 'unreachable', reason: 'internal error' });
  });
});
