/** Which rows of a long list stand in the part that is scrolled to. */
export interface ListGeometry {
  readonly rowCount: number;
  readonly rowPx: number;
  readonly scrollPx: number;
  readonly viewportPx: number;
}

export interface RowWindow {
  /** Index of the first row to draw. */
  readonly first: number;
  /** Index behind the last row to draw. */
  readonly end: number;
  /** Height of all rows together, in pixels. */
  readonly totalPx: number;
}

/** Rows drawn above and below what is seen, so that fast scrolling doesn't show gaps. */
export const OVERSCAN_ROWS = 8;
/** Never more rows at once, however tall somebody makes the list. */
export const DRAWN_ROWS_MAX = 200;

const within = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

export function windowOf({ rowCount, rowPx, scrollPx, viewportPx }: ListGeometry): RowWindow {
  const totalPx = rowCount * rowPx;
  const top = within(scrollPx, 0, Math.max(0, totalPx - viewportPx));
  const first = within(Math.floor(top / rowPx) - OVERSCAN_ROWS, 0, rowCount);
  const wanted = Math.ceil((top + viewportPx) / rowPx) + OVERSCAN_ROWS;
  return { first, end: within(wanted, first, Math.min(rowCount, first + DRAWN_ROWS_MAX)), totalPx };
}

/** Where to scroll so that the row is seen whole; where it stands already if it is. */
export function scrollToShow(index: number, { rowPx, scrollPx, viewportPx }: ListGeometry): number {
  const top = index * rowPx;
  if (top < scrollPx) return top;
  return Math.max(scrollPx, top + rowPx - viewportPx);
}

export type SortDirection = 'ascending' | 'descending';

/** A copy in order; equal rows stay as they stood, and rows without a value stand last whichever way round. */
export function sortRows<Row>(
  rows: readonly Row[],
  value: (row: Row) => string | number | undefined,
  direction: SortDirection,
): Row[] {
  const sign = direction === 'ascending' ? 1 : -1;
  const keyed = rows.map((row) => ({ row, key: value(row) }));
  keyed.sort((a, b) => {
    if (a.key === b.key) return 0;
    if (a.key === undefined) return 1;
    if (b.key === undefined) return -1;
    return a.key < b.key ? -sign : sign;
  });
  return keyed.map(({ row }) => row);
}
