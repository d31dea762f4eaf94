/** How a field stands on the wire; all in ASCII. */
export type FieldKind =
  /** Digits, exactly `length`, filled with zeros on the left. */
  | 'n'
  /** Any characters, exactly `length`, filled with blanks on the right. */
  | 'an'
  /** A sign, `C` or `D`, and digits; `length` counts both. */
  | 'amount'
  /** Bytes, written as two hex digits each; `length` counts the bytes. */
  | 'b'
  /** Up to `length` digits behind a length of two. */
  | 'll-n'
  /** Up to `length` characters behind a length of two. */
  | 'll-an'
  /** Up to `length` characters behind a length of three. */
  | 'lll-an';

export interface Field {
  readonly kind: FieldKind;
  readonly length: number;
}

/** ISO 8583:1987 in ASCII, the fields that stand side by side with one layout in one row: first, last, kind, length. */
const ROWS: readonly (readonly [number, number, FieldKind, number])[] = [
  [2, 2, 'll-n', 19],
  [3, 3, 'n', 6],
  [4, 6, 'n', 12],
  [7, 7, 'n', 10],
  [8, 10, 'n', 8],
  [11, 12, 'n', 6],
  [13, 18, 'n', 4],
  [19, 24, 'n', 3],
  [25, 26, 'n', 2],
  [27, 27, 'n', 1],
  [28, 31, 'amount', 9],
  [32, 33, 'll-n', 11],
  [34, 34, 'll-an', 28],
  // Track 2: digits, and a separator among them.
  [35, 35, 'll-an', 37],
  [36, 36, 'lll-an', 104],
  [37, 37, 'an', 12],
  [38, 38, 'an', 6],
  [39, 39, 'an', 2],
  [40, 40, 'an', 3],
  [41, 41, 'an', 8],
  [42, 42, 'an', 15],
  [43, 43, 'an', 40],
  [44, 44, 'll-an', 25],
  [45, 45, 'll-an', 76],
  [46, 48, 'lll-an', 999],
  [49, 51, 'an', 3],
  [52, 52, 'b', 8],
  [53, 53, 'n', 16],
  [54, 54, 'lll-an', 120],
  [55, 63, 'lll-an', 999],
  [64, 64, 'b', 8],
  [66, 66, 'n', 1],
  [67, 67, 'n', 2],
  [68, 70, 'n', 3],
  [71, 72, 'n', 4],
  [73, 73, 'n', 6],
  [74, 81, 'n', 10],
  [82, 85, 'n', 12],
  [86, 89, 'n', 16],
  [90, 90, 'n', 42],
  [91, 91, 'an', 1],
  [92, 92, 'an', 2],
  [93, 93, 'an', 6],
  [94, 94, 'an', 7],
  [95, 95, 'an', 42],
  [96, 96, 'b', 16],
  [97, 97, 'amount', 17],
  [98, 98, 'an', 25],
  [99, 100, 'll-n', 11],
  [101, 101, 'll-an', 17],
  [102, 103, 'll-an', 28],
  [104, 104, 'lll-an', 100],
  [105, 127, 'lll-an', 999],
  [128, 128, 'b', 8],
];

/** By field number. Field 1 is the second bitmap, 65 a third one that ASCII hosts do not use. */
export const FIELDS: ReadonlyMap<number, Field> = new Map(
  ROWS.flatMap(([first, last, kind, length]) =>
    Array.from({ length: last - first + 1 }, (_, index): [number, Field] => [
      first + index,
      { kind, length },
    ]),
  ),
);
