import fc from 'fast-check';
import { DueQueue } from './due-queue.ts';

describe('the due queue', () => {
  it('gives each key once it is due, at its latest time only', () => {
    const due = new DueQueue();
    due.set('a', 10);
    due.set('b', 5);
    due.set('a', 20);
    due.set('c', 1);
    due.set('c', undefined);
    expect(due.next()).toBe(5);
    expect(due.take(10)).toEqual(['b']);
    expect(due.take(19)).toEqual([]);
    expect(due.take(20)).toEqual(['a']);
    expect(due.next()).toBeUndefined();
  });

  it('gives no more than it is asked for, the earliest first, and the others the next time', () => {
    const due = new DueQueue();
    for (const [index, key] of ['c', 'a', 'b'].entries()) due.set(key, 10 - index);
    expect(due.take(20, 2)).toEqual(['b', 'a']);
    expect(due.next()).toBe(10);
    expect(due.take(20, 2)).toEqual(['c']);
  });

  it('keeps few entries of a key whose time moves on and on', () => {
    const due = new DueQueue();
    due.set('b', 5_000);
    for (let at = 1; at <= 10_000; at += 1) due.set('a', 1_000_000 + at);
    expect(due.entries).toBeLessThan(100);
    expect(due.take(2_000_000)).toEqual(['b', 'a']);
    for (let at = 1; at <= 1_000; at += 1) {
      due.set('a', at);
      due.set('a', undefined);
    }
    expect(due.entries).toBeLessThan(100);
  });

  it('does as a sorted list does', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), at: fc.option(fc.nat(50)) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, nowMs) => {
        const due = new DueQueue();
        const model = new Map<string, number>();
        for (const { key, at } of steps) {
          due.set(key, at ?? undefined);
          if (at === null) model.delete(key);
          else model.set(key, at);
        }
        const ready = [...model].filter(([, at]) => at <= nowMs).map(([key]) => key);
        expect(due.take(nowMs).sort()).toEqual(ready.sort());
        const rest = [...model].filter(([, at]) => at > nowMs).map(([, at]) => at);
        expect(due.next()).toBe(rest.length > 0 ? Math.min(...rest) : undefined);
      }),
    );
  });
});
