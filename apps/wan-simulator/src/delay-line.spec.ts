import { jest } from '@jest/globals';
import { DelayLine, type Parcel } from './delay-line.ts';

describe('a delay line', () => {
  let out: { at: number; text: string }[];
  let takes: boolean;
  let drained: number;
  let line: DelayLine;

  beforeEach(() => {
    jest.useFakeTimers();
    out = [];
    takes = true;
    drained = 0;
    line = new DelayLine({
      delayMs: 85,
      limitBytes: 10,
      deliver: (parcel) => {
        out.push({ at: performance.now(), text: parcel.kind === 'bytes' ? String(parcel.bytes) : 'end' });
        return takes;
      },
      drained: () => {
        drained += 1;
      },
    });
  });
  afterEach(() => {
    line.stop();
    jest.useRealTimers();
  });

  const bytes = (text: string): Parcel => ({ kind: 'bytes', bytes: Buffer.from(text) });

  it('gives everything in order, each so much later than it came, the end last', () => {
    const from = performance.now();
    line.put(bytes('a'));
    jest.advanceTimersByTime(20);
    line.put(bytes('b'));
    line.put({ kind: 'end' });
    jest.advanceTimersByTime(64);
    expect(out).toEqual([]);
    jest.advanceTimersByTime(200);
    expect(out).toEqual([
      { at: from + 85, text: 'a' },
      { at: from + 105, text: 'b' },
      { at: from + 105, text: 'end' },
    ]);
  });

  it('is full at its limit, and says when it is not any more', () => {
    expect(line.put(bytes('123456'))).toBe(true);
    expect(line.put(bytes('7890'))).toBe(false);
    expect(line.bytes).toBe(10);
    jest.advanceTimersByTime(85);
    expect([line.bytes, drained, out.length]).toEqual([0, 1, 2]);
  });

  it('stays full while its reader takes nothing, and goes on where it stopped', () => {
    takes = false;
    line.put(bytes('first'));
    expect(line.put(bytes('second'))).toBe(false);
    expect(line.put(bytes('third'))).toBe(false);
    jest.advanceTimersByTime(1_000);
    expect(out.map(({ text }) => text)).toEqual(['first']);
    // What is left is over the limit: the source goes on waiting.
    expect([line.bytes, drained]).toEqual([11, 0]);
    takes = true;
    line.resume();
    jest.advanceTimersByTime(1);
    expect(out.map(({ text }) => text)).toEqual(['first', 'second', 'third']);
    expect([line.bytes, drained]).toEqual([0, 1]);
  });

  it('forgets all when it is stopped', () => {
    line.put(bytes('a'));
    line.stop();
    jest.advanceTimersByTime(1_000);
    expect([out, line.bytes]).toEqual([[], 0]);
  });
});
