import fc from 'fast-check';
import { DRAWN_ROWS_MAX, OVERSCAN_ROWS, scrollToShow, sortRows, windowOf } from './virtual-window.ts';

const list = { rowCount: 10_000, rowPx: 40, scrollPx: 0, viewportPx: 600 };

describe('the window of a long list', () => {
  it('holds what is seen and a little around it', () => {
    expect(windowOf(list)).toEqual({ first: 0, end: 15 + OVERSCAN_ROWS, totalPx: 400_000 });
    expect(windowOf({ ...list, scrollPx: 4_000 })).toMatchObject({
      first: 100 - OVERSCAN_ROWS,
      end: 115 + OVERSCAN_ROWS,
    });
  });

  it('is that of the end when rows went away below it', () => {
    expect(windowOf({ ...list, rowCount: 20, scrollPx: 90_000 })).toEqual({
      first: 0,
      end: 20,
      totalPx: 800,
    });
    expect(windowOf({ ...list, rowCount: 0 })).toEqual({ first: 0, end: 0, totalPx: 0 });
  });

  it('covers the viewport, is bounded, and stays within the list', () => {
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.integer({ min: 16, max: 80 }),
        fc.nat(2_000_000),
        fc.nat(3_000),
        (rowCount, rowPx, scrollPx, viewportPx) => {
          const { first, end, totalPx } = windowOf({ rowCount, rowPx, scrollPx, viewportPx });
          expect(first).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThanOrEqual(rowCount);
          expect(end - first).toBeLessThanOrEqual(DRAWN_ROWS_MAX);
          const top = Math.min(scrollPx, Math.max(0, totalPx - viewportPx));
          expect(first * rowPx).toBeLessThanOrEqual(top);
          if (end - first < DRAWN_ROWS_MAX) {
            expect(end * rowPx).toBeGreaterThanOrEqual(Math.min(totalPx, top + viewportPx));
          }
        },
      ),
    );
  });
});

describe('scrolling to a row', () => {
  it('moves no further than it must', () => {
    const at = { ...list, scrollPx: 400 };
    expect(scrollToShow(12, at)).toBe(400);
    expect(scrollToShow(3, at)).toBe(120);
    expect(scrollToShow(30, at)).toBe(31 * 40 - 600);
  });
});

describe('sorting rows', () => {
  const rows = [{ n: 2, s: 'b' }, { n: 10, s: 'a' }, { s: 'c' }, { n: 2, s: 'd' }] as {
    n?: number;
    s: string;
  }[];

  it('keeps equal rows in their order and those without a value last', () => {
    expect(
      sortRows(rows, ({ n }) => n, 'ascending')
        .map(({ s }) => s)
        .join(''),
    ).toBe('bdac');
    expect(
      sortRows(rows, ({ n }) => n, 'descending')
        .map(({ s }) => s)
        .join(''),
    ).toBe('abdc');
    expect(rows.map(({ s }) => s).join('')).toBe('bacd');
  });
});
