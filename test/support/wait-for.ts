export interface WaitOptions {
  /** Gives up after so long, in milliseconds. The default suits a machine that is busy with other tests. */
  readonly withinMs?: number;
  /** Looks again after so long, in milliseconds. */
  readonly everyMs?: number;
  /** What is waited for, as the failure says it. */
  readonly what?: string;
}

/**
 * Waits until `look` gives something truthy and returns that. An error thrown by `look` counts as "not yet";
 * the last one is told when the limit has passed. The only place in the tests that sleeps.
 */
export async function waitFor<T>(
  look: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, undefined | null | false | '' | 0>> {
  const { withinMs = 30_000, everyMs = 25, what = 'the condition' } = options;
  const until = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen) return seen as Exclude<T, undefined | null | false | '' | 0>;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= until) break;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`${what} did not come within ${withinMs} ms; last seen: ${describe(last)}`);
}

function describe(last: unknown): string {
  if (last instanceof Error) return last.stack ?? last.message;
  return JSON.stringify(last) ?? String(last);
}

/** That something does not come: looks again and again for `forMs`, and fails as soon as `look` gives false. */
export async function holdsFor(forMs: number, look: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    if (!(await look()))
      throw new Error(`it held for ${Math.round(forMs - (until - performance.now()))} ms only`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
