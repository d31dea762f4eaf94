/**
 * When things happen in the twin. The real one lets the event loop decide; the simulation's decides by
 * its seed, so that a run can be had again.
 */
export interface MemoryScheduler {
  nowMs(): number;
  /** A step of that client's way to the broker or back; it resolves when the step may happen. */
  step(client: string, what: string): Promise<void>;
  sleep(client: string, ms: number): Promise<void>;
}

export const eventLoopScheduler: MemoryScheduler = {
  nowMs: () => Date.now(),
  step: () =>
    new Promise((resolve) => {
      setImmediate(resolve);
    }),
  sleep: (_client, ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
    }),
};
