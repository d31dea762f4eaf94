import { ReferenceNumbers } from './reference-numbers.ts';

const START_MS = Date.parse('2026-11-21T07:00:00Z');

describe('reference numbers', () => {
  it('are twelve characters and never the same twice in one life', () => {
    const numbers = new ReferenceNumbers('iso-client-1', START_MS);
    const seen = new Set(Array.from({ length: 10_000 }, () => numbers.next(START_MS).rrn));
    expect(seen.size).toBe(10_000);
    for (const rrn of seen) expect(rrn).toMatch(/^[0-9A-Z]{12}$/);
  });

  it('differ between lives, and between clients that begin at once', () => {
    const first = new ReferenceNumbers('iso-client-1', START_MS).next(START_MS).rrn;
    expect(new ReferenceNumbers('iso-client-1', START_MS + 1_000).next().rrn).not.toBe(first);
    expect(new ReferenceNumbers('iso-client-dr', START_MS).next().rrn).not.toBe(first);
  });

  it('go on under a new beginning when the counter is used up', () => {
    const numbers = new ReferenceNumbers('a', START_MS, 3);
    const given = [1, 2, 3].map(() => numbers.next(START_MS + 60_000).rrn);
    expect(given.map((rrn) => rrn.slice(8))).toEqual(['0001', '0002', '0000']);
    expect(given[2]?.slice(0, 8)).not.toBe(given[0]?.slice(0, 8));
  });

  it('tell the trace number that went with them', () => {
    const numbers = new ReferenceNumbers('a', START_MS);
    numbers.next(START_MS);
    const { rrn, stan } = numbers.next(START_MS);
    expect(stan).toBe('000002');
    expect(new ReferenceNumbers('b', 0).stanOf(rrn)).toBe(stan);
  });
});
