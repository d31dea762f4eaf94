import type { Message } from './framing.ts';
import { HoldQueue } from './hold-queue.ts';

const message = (text: string): Message => ({ bytes: Buffer.from(text), kind: 'request', exchange: 20 });

describe('HoldQueue', () => {
  it('gives what waited in its order, once', () => {
    const held = new HoldQueue({ holdMs: 2_000, holdMessages: 3 }, () => 0);
    held.push(message('a'));
    held.push(message('b'));
    expect(held.take().map(({ bytes }) => bytes.toString())).toEqual(['a', 'b']);
    expect(held.take()).toEqual([]);
    expect(held.length).toBe(0);
  });

  it('takes no more than its limit', () => {
    const held = new HoldQueue({ holdMs: 2_000, holdMessages: 2 }, () => 0);
    expect([held.push(message('a')), held.push(message('b')), held.push(message('c'))]).toEqual([
      true,
      true,
      false,
    ]);
    expect(held.length).toBe(2);
  });

  it('is overdue when its oldest waited longer than the limit, and not at the limit', () => {
    let nowMs = 100;
    const held = new HoldQueue({ holdMs: 2_000, holdMessages: 9 }, () => nowMs);
    expect(held.ageMs).toBe(0);
    held.push(message('a'));
    nowMs = 2_100;
    held.push(message('b'));
    expect(held.isOverdue).toBe(false);
    nowMs = 2_101;
    expect(held.isOverdue).toBe(true);
  });
});
