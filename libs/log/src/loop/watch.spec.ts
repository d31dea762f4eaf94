import type { LoopContext } from './context.ts';
import { EndWatch } from './watch.ts';

describe('the watch over the ends of partitions', () => {
  it('waits no longer than its interval when the clock is set back', async () => {
    let nowMs = 10_000_000;
    const waits: number[] = [];
    let watch: EndWatch<object, object, object> | undefined;
    const done = new Promise<void>((resolve) => {
      const clock = {
        nowMs: () => nowMs,
        sleep: async (ms: number) => {
          waits.push(ms);
          if (waits.length === 5) resolve();
          if (waits.length > 4) return new Promise<void>(() => undefined);
          // Poked just after the clock was set back by an hour.
          nowMs -= 3_600_000;
          watch?.poke();
          return new Promise<void>((wake) => setImmediate(wake));
        },
      };
      const context = { clock, observer: {} } as unknown as LoopContext<object, object, object>;
      watch = new EndWatch<object, object, object>(context, () => [], 250);
      watch.start();
    });
    await done;
    watch?.stop();
    expect(Math.max(...waits)).toBeLessThanOrEqual(250);
  });
});
