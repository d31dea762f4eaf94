import type { ControlAnswer } from './control-client.ts';
import { Drain } from './drain.ts';

describe('Drain', () => {
  let nowMs: number;
  let ended: number;
  beforeEach(() => {
    nowMs = 0;
    ended = 0;
  });

  const drain = (stopping?: Promise<ControlAnswer>): Drain =>
    new Drain(
      { drainMs: 2_000, holdMs: 2_000 },
      () => nowMs,
      () => {
        ended += 1;
      },
      stopping,
    );
  async function answered(answer: ControlAnswer): Promise<Drain> {
    const asked = drain(Promise.resolve(answer));
    await Promise.resolve();
    return asked;
  }

  it('lets requests wait, and ends once when nothing is in flight', () => {
    const running = drain();
    expect(running.passes).toBe(false);
    running.check(1, 0);
    expect([ended, running.endedForMs]).toEqual([0, undefined]);
    running.check(0, 0);
    nowMs = 700;
    running.check(0, 0);
    running.end();
    expect([ended, running.endedForMs]).toEqual([1, 700]);
  });

  it.each([
    ['its time is over', 2_000, 0],
    ['a request has waited so long that the move must begin', 0, 1_500],
  ])('ends with requests in flight when %s', (_when, atMs, heldAgeMs) => {
    const running = drain();
    running.check(1, heldAgeMs - 1);
    expect(ended).toBe(0);
    nowMs = atMs;
    running.check(1, heldAgeMs);
    expect(ended).toBe(1);
  });

  it('lets requests pass until the application said that it stopped, and a moment longer', async () => {
    const running = await answered('done');
    running.check(0, 0);
    expect([running.passes, ended]).toEqual([true, 0]);
    nowMs = 90;
    running.requestsSent();
    nowMs = 189;
    running.check(0, 0);
    expect([running.passes, ended]).toEqual([true, 0]);
    nowMs = 190;
    running.check(1, 0);
    expect(ended).toBe(0);
    running.check(0, 0);
    expect([running.passes, ended, running.wasAsked]).toEqual([false, 1, true]);
  });

  it('does not end while the application has not answered, but with its time', () => {
    const running = drain(new Promise(() => {}));
    nowMs = 1_999;
    running.check(0, 0);
    expect([running.passes, ended]).toEqual([true, 0]);
    nowMs = 2_000;
    running.check(0, 0);
    expect([running.passes, ended]).toEqual([false, 1]);
  });

  it.each(['refused', 'unreachable', 'not-offered'] as const)(
    'lets requests wait when the application does not stop: %s',
    async (answer) => {
      const running = await answered(answer);
      expect(running.passes).toBe(false);
      running.check(0, 0);
      expect(ended).toBe(1);
    },
  );

  it('is not opened again by an answer that comes after its end', async () => {
    let answer = (_answer: ControlAnswer): void => {};
    const running = drain(
      new Promise((resolve) => {
        answer = resolve;
      }),
    );
    running.end();
    answer('done');
    await Promise.resolve();
    expect([running.passes, ended]).toEqual([false, 1]);
  });
});
