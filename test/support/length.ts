/** `npm run test:long` asks for the long form of every suite; `npm test` runs the short one. */
export const isLong = process.env.TRUNKLINE_TEST_LENGTH === 'long';

/**
 * A test of `npm run test:long` alone: what a shorter one shows in part stands beside it. A function, because what is
 * here is also read where no test runner is.
 */
export const itLong = (...test: Parameters<typeof it>): void => (isLong ? it : it.skip)(...test);

/** How many runs, bytes or seconds: the first in `npm test`, the second in `npm run test:long`. */
export function byLength<T>(short: T, long: T): T {
  return isLong ? long : short;
}
