import Table from 'cli-table3';
import { type Colour, PLAIN, type Style } from './style.ts';

export interface Column<R> {
  readonly head: string;
  readonly of: (row: R) => string | undefined;
  readonly colour?: (row: R) => Colour | undefined;
  readonly align?: 'right';
  /** The higher, the sooner it is left out where the terminal is too narrow; absent: it stays. */
  readonly spare?: number;
}

export interface TableWanted {
  /** Absent: as wide as it gets. */
  readonly columns?: number | undefined;
  readonly style?: Style;
}

const GAP = 2;
/** Rows that are drawn in one go: what draws them looks at each for each. */
const PORTION = 100;
/** A column is cut to so many characters before another is left out. */
const NARROWEST = 8;
const NO_LINES = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '' },
  middle: ' '.repeat(GAP),
};

/** A table for people: one line a row, within the width. @returns its lines, each ended */
export function table<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  wanted: TableWanted = {},
): string {
  const { style = PLAIN } = wanted;
  const shown = fitted(columns, rows, wanted.columns);
  const head = shown.map(({ column, width }) => style('bold', cut(column.head, width)));
  const body = rows.map((row) =>
    shown.map(({ column, width }) => style(column.colour?.(row), cut(textOf(column, row), width))),
  );
  const all = [head, ...body];
  const lines: string[] = [];
  for (let from = 0; from < all.length; from += PORTION) {
    lines.push(...linesOf(shown, all.slice(from, from + PORTION)));
  }
  return `${lines.join('\n')}\n`;
}

function linesOf<R>(shown: readonly Fitted<R>[], cells: readonly string[][]): string[] {
  const drawn = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: shown.map(({ column }) => column.align ?? 'left'),
    colWidths: shown.map(({ width }) => width),
  });
  drawn.push(...cells);
  // Trailing blanks would wrap, and mean nothing to whoever cuts the lines at blanks.
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

interface Fitted<R> {
  readonly column: Column<R>;
  width: number;
}

function fitted<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  within: number | undefined,
): Fitted<R>[] {
  let shown: Fitted<R>[] = columns.map((column) => ({
    column,
    width: rows.reduce((width, row) => Math.max(width, textOf(column, row).length), column.head.length),
  }));
  // A column that says nothing of any row is left out, the first one excepted.
  shown = shown.filter(
    ({ column }, index) => index === 0 || rows.length === 0 || rows.some((row) => textOf(column, row) !== ''),
  );
  if (within === undefined) return shown;
  const needed = () => shown.reduce((sum, { width }) => sum + width + GAP, -GAP);
  while (needed() > within) {
    const spare = shown.filter(({ column }) => column.spare !== undefined);
    if (spare.length === 0) break;
    const first = spare.reduce((one, other) =>
      (other.column.spare ?? 0) >= (one.column.spare ?? 0) ? other : one,
    );
    shown = shown.filter((each) => each !== first);
  }
  while (needed() > within) {
    const widest = shown.reduce((one, other) => (other.width > one.width ? other : one));
    if (widest.width <= NARROWEST) break;
    widest.width -= 1;
  }
  return shown;
}

/** What others wrote may hold anything; a terminal obeys control characters. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

function textOf<R>(column: Column<R>, row: R): string {
  return printable(column.of(row) ?? '');
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
