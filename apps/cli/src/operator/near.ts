/** Edits from one text to another: insert, leave out, replace; it stops counting above `limit`. */
function distance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) > limit) return limit + 1;
  let before = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const now = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const swap = (before[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      now.push(Math.min(swap, (before[column] ?? 0) + 1, (now[column - 1] ?? 0) + 1));
    }
    if (Math.min(...now) > limit) return limit + 1;
    before = now;
  }
  return before[other.length] ?? limit + 1;
}

const SUGGESTED = 3;

/** Of the known names those that may have been meant, the likeliest first. */
export function nearMisses(given: string, known: readonly string[]): string[] {
  const wanted = given.toLowerCase();
  const limit = Math.max(2, Math.floor(given.length / 4));
  return known
    .map((name) => {
      const low = name.toLowerCase();
      const contains = wanted.length > 2 && (low.includes(wanted) || wanted.includes(low));
      return { name, far: contains ? Math.min(1, limit) : distance(wanted, low, limit) };
    })
    .filter(({ far }) => far <= limit)
    .sort((one, other) => one.far - other.far || one.name.localeCompare(other.name))
    .slice(0, SUGGESTED)
    .map(({ name }) => name);
}
