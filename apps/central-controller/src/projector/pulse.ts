/** Runs one thing again and again, one run at a time, until it is stopped. */
export class Pulse {
  private stopped = false;
  private endPause: (() => void) | undefined;
  private life: Promise<void> | undefined;

  /** @param run gives the pause before its next run, in milliseconds; must not throw. */
  constructor(private readonly run: () => Promise<number>) {}

  start(firstPauseMs = 0): void {
    this.life = this.live(firstPauseMs);
  }

  /** Ends the present pause. */
  wake(): void {
    this.endPause?.();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.life;
  }

  private async live(firstPauseMs: number): Promise<void> {
    let pauseMs = firstPauseMs;
    for (;;) {
      if (pauseMs > 0) await this.pause(pauseMs);
      if (this.stopped) return;
      pauseMs = await this.run();
      if (this.stopped) return;
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
