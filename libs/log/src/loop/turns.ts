import type { LoopClock } from './handle.ts';

/**
 * Whose turn it is to judge. All partitions of a process share one event loop: were each to judge its records whenever
 * they come, those of a mass failover would keep answers, acknowledgements and timers waiting for longer than a deadline.
 */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private taken = false;

  constructor(private readonly clock: LoopClock) {}

  /** Resolves at once when nobody took this turn of the event loop, else in a later one; first come, first served. */
  async take(): Promise<void> {
    if (this.taken) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
      return;
    }
    this.taken = true;
    void this.pass();
  }

  private async pass(): Promise<void> {
    for (;;) {
      await this.clock.sleep(0);
      const resume = this.waiting.shift();
      if (resume === undefined) break;
      resume();
    }
    this.taken = false;
  }
}
