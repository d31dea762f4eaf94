import type { LoopClock } from './handle.ts';

export const systemLoopClock: LoopClock = {
  nowMs: () => Date.now(),
  sleep: (ms) =>
    new Promise((resolve) => {
      if (ms <= 0) setImmediate(resolve);
      // A wait keeps no process alive: the log's connections do, until they are closed.
      else setTimeout(resolve, ms).unref();
    }),
};
