import fc from 'fast-check';
import type { ExplainedStep } from '../model.ts';
import { axisOf, timesOfMove, waterfallOf } from './waterfall-spans.ts';

const at = (ms: number) => new Date(Date.UTC(2026, 10, 21, 3, 6, 40) + ms).toISOString();

describe('the spans of a move', () => {
  it('go from each moment to the next', () => {
    const times = {
      detected_at: at(0),
      decided_at: at(14),
      commanded_at: at(21),
      acknowledged_at: at(58),
      active_at: at(120),
    };
    const { spans, totalMs, done } = waterfallOf(times);
    expect(spans.map(({ startMs, ms, stage }) => [startMs, ms, stage])).toEqual([
      [0, 14, 0],
      [14, 7, 1],
      [21, 37, 2],
      [58, 62, 3],
    ]);
    expect([totalMs, done]).toEqual([120, true]);
  });

  it('leap over moments that are not known', () => {
    const { spans } = waterfallOf({ detected_at: at(0), decided_at: at(10), active_at: at(90) });
    expect(spans.map(({ from, to, ms }) => [from, to, ms])).toEqual([
      ['detected_at', 'decided_at', 10],
      ['decided_at', 'active_at', 80],
    ]);
  });

  it('end where the move stands, while it is not done', () => {
    expect(waterfallOf({ detected_at: at(0), decided_at: at(10) })).toMatchObject({
      totalMs: 10,
      done: false,
    });
    expect(waterfallOf({})).toEqual({ spans: [], totalMs: 0, done: false });
  });

  it('say so when clocks differ', () => {
    expect(waterfallOf({ detected_at: at(0), decided_at: at(-4), active_at: at(30) })).toMatchObject({
      spans: [
        { startMs: 0, ms: -4 },
        { startMs: -4, ms: 34 },
      ],
      totalMs: 30,
    });
  });
});

describe('the times of a move', () => {
  const step = (failover_id: string, decided: number, active?: number) =>
    ({
      failover_id,
      times: {
        detected_at: at(0),
        decided_at: at(decided),
        commanded_at: at(20),
        ...(active !== undefined && { active_at: at(active) }),
      },
    }) as ExplainedStep;

  it('have the decision that began it, not the one that ended it', () => {
    const steps = [step('before', 1), step('move', 10), step('move', 90, 85)];
    expect(timesOfMove(steps, steps[2] as ExplainedStep)).toEqual({
      detected_at: at(0),
      decided_at: at(10),
      commanded_at: at(20),
      active_at: at(85),
    });
  });

  it('are told where it ended, nowhere else', () => {
    const steps = [step('move', 10), step('move', 90, 85)];
    expect(timesOfMove(steps, steps[0] as ExplainedStep)).toBeUndefined();
  });
});

describe('the axis', () => {
  it('has round steps', () => {
    expect(axisOf(120, 6)).toEqual([0, 20, 40, 60, 80, 100, 120]);
    expect(axisOf(0, 6)).toEqual([0]);
  });

  it('has no more steps than fit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000_000 }),
        fc.integer({ min: 3, max: 12 }),
        (totalMs, max) => {
          const ticks = axisOf(totalMs, max);
          expect(ticks.length).toBeLessThanOrEqual(max + 1);
          expect(ticks.length).toBeGreaterThan(1);
          expect(ticks.at(-1)).toBeLessThanOrEqual(totalMs);
        },
      ),
    );
  });
});
