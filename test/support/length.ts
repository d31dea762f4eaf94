/** `npm run test:long` asks for the long form of every suite; `npm test` runs the short one. */
export const isLong = process.env.TRUNKLINE_TEST_LENGTH === 'long';

/** How many runs, bytes or seconds: the first in `npm test`, the second in `npm run test:long`. */
export function byLength<T>(short: T, long: T): T {
  return isLong ? long : short;
}
