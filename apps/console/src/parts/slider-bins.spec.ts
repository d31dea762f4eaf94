import { binsOf, tickBeside } from './slider-bins.ts';

const range = { fromMs: 1_000, toMs: 2_000 };
const tick = (atMs: number, health?: 'ok' | 'bad') => ({
  atMs,
  label: `at ${atMs}`,
  ...(health ? { health } : {}),
});

describe('the bins of a slider', () => {
  it('count what falls into each part, and have the worst of it', () => {
    const ticks = [
      tick(1_000, 'ok'),
      tick(1_010, 'bad'),
      tick(1_999),
      tick(2_000, 'ok'),
      tick(999),
      tick(2_001),
    ];
    expect(binsOf(ticks, range, 10)).toEqual([
      { index: 0, count: 2, health: 'bad' },
      { index: 9, count: 2, health: 'ok' },
    ]);
  });

  it('are there also for a range without length', () => {
    expect(binsOf([tick(5)], { fromMs: 5, toMs: 5 }, 4)).toEqual([{ index: 0, count: 1, health: 'idle' }]);
  });
});

describe('the tick beside a moment', () => {
  const ticks = [tick(1_500), tick(1_100), tick(1_900)];

  it('is the nearest one on that side, never the moment itself', () => {
    expect(tickBeside(ticks, 1_500, 'before')?.atMs).toBe(1_100);
    expect(tickBeside(ticks, 1_500, 'behind')?.atMs).toBe(1_900);
    expect(tickBeside(ticks, 1_100, 'before')).toBeUndefined();
  });
});
