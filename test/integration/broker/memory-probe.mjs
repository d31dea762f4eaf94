import { readFileSync } from 'node:fs';
import { memoryUsage } from 'node:process';

/**
 * node --expose-gc --import ./memory-probe.mjs PROGRAM.js, with a channel to whoever started it: at each message it throws
 * its garbage away and says what is left. So what a program keeps can be told from what nobody has collected yet.
 */

const BYTES_PER_KIB = 1_024;

process.on('message', () => {
  globalThis.gc?.();
  // What the first one lets go natively takes more objects with it.
  setImmediate(() => {
    globalThis.gc?.();
    const { heapUsed, external } = memoryUsage();
    process.send?.({ heapKib: (heapUsed + external) / BYTES_PER_KIB, mallocKib: mallocKib() });
  });
});
// The program ends when it would without.
process.channel?.unref();

/** What malloc has from the system for the main thread, in KiB. @returns NaN where malloc does not use the heap segment */
function mallocKib() {
  const maps = readFileSync('/proc/self/smaps', 'utf8');
  return Number(/\[heap\]\n(?:.*\n)*?Rss:\s+(\d+) kB/.exec(maps)?.[1] ?? Number.NaN);
}
