import { type Column, table } from './table.ts';

const COLUMNS: readonly Column<number>[] = [
  { head: 'NUMBER', of: (row) => `${row}`, align: 'right' },
  { head: 'NAME', of: (row) => `name-${row}` },
];

describe('a table', () => {
  it('is drawn in the time of its rows, however many there are, and none is lost where portions meet', () => {
    const rows = Array.from({ length: 20_000 }, (_none, row) => row);
    const lines = table(COLUMNS, rows).split('\n');
    expect(lines.length).toBe(rows.length + 2);
    expect(lines.slice(0, 2)).toEqual(['NUMBER  NAME', '     0  name-0']);
    expect(lines.slice(98, 102)).toEqual(
      rows.slice(97, 101).map((row) => `${row}`.padStart(6).concat(`  name-${row}`)),
    );
    expect(lines.slice(-2)).toEqual([' 19999  name-19999', '']);
  });
});
