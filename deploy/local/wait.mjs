/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Looks every `everyMs` until `look` gives something truthy, which it returns; undefined when the limit passed.
 * @template T
 * @param {() => T | Promise<T>} look
 * @param {{withinMs: number, everyMs?: number}} limits
 * @returns {Promise<T | undefined>}
 */
export async function poll(look, { withinMs, everyMs = 100 }) {
  const until = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() >= until) return undefined;
    await sleep(everyMs);
  }
}
