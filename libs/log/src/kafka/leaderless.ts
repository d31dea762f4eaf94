import { LogUnavailable } from '../errors.ts';
import type { LogObserver } from '../observer.ts';
import { sleep } from './options.ts';

/**
 * Just after a broker's start a topic that stands has no leader for a while, or the broker does not know of it
 * yet. Whoever asks about it is kept waiting for so long, in milliseconds, as long as for any other handler.
 */
export const LEADERLESS_LIMIT_MS = 60_000;
/** Between two questions, in milliseconds; kafkajs itself has asked several times within each. */
const LEADERLESS_AGAIN_MS = 250;

const LEADERLESS = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);

export interface Patience {
  readonly observer: LogObserver;
  /** Default LEADERLESS_LIMIT_MS. */
  readonly limitMs?: number | undefined;
  /** True: nobody waits for the answer any more. */
  closed(): boolean;
}

/**
 * Asks until the topic has leaders; tells the observer once that it waits, and for how long at most.
 * @throws LogUnavailable when the limit has passed; any other failure as it is, at once.
 */
export async function askedUntilLed<T>(
  what: string,
  ask: () => Promise<T>,
  { observer, closed, limitMs = LEADERLESS_LIMIT_MS }: Patience,
): Promise<T> {
  const until = Date.now() + limitMs;
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (closed() || !isLeaderless(error)) throw error;
      if (Date.now() >= until) {
        throw new LogUnavailable(`${what}: no leader within ${limitMs} ms`, { cause: error });
      }
      if (tries === 1) observer.failed?.('no-leader', error, `${what}: asked for up to ${limitMs} ms`);
      await sleep(LEADERLESS_AGAIN_MS);
    }
  }
}

/** kafkajs wraps the broker's answer, once for each of its own retries that are over. */
export function isLeaderless(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (LEADERLESS.has((at as { type?: string }).type ?? '')) return true;
  }
  return false;
}
