/** `npm run test:long` asks for the long form of every suite; `npm test` runs the short one. */
export const isLong = process.env.TRUNKLINE_TEST_LENGTH === 'long';

/** A test of `npm run test:long` alone: what a shorter one shows in part stands beside it. */
export const itLong = isLong ? it : it.skip;

/** How many runs, bytes or seconds: the first in `npm test`, the second in `npm run test:long`. */
export function byLength<T>(short: T, long: T): T {
  return isLong ? long : short;
}
