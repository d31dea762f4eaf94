import type { Logger } from './logging.ts';

/** A program ends itself this long after it was told to, whatever hangs, in milliseconds. */
export const SHUTDOWN_LIMIT_MS = 8_000;

/**
 * Runs the steps in the order they were added, once, on SIGTERM or SIGINT, and ends the process. A second
 * signal, or the limit, ends it at once with code 1.
 */
export class Shutdown {
  private readonly steps: { name: string; run: () => Promise<void> | void }[] = [];
  private begun = false;

  constructor(
    private readonly log: Logger,
    private readonly limitMs = SHUTDOWN_LIMIT_MS,
  ) {}

  add(name: string, run: () => Promise<void> | void): void {
    this.steps.push({ name, run });
  }

  listen(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (this.begun) process.exit(1);
        void this.run(0, signal);
      });
    }
  }

  async run(code: number, cause: string): Promise<void> {
    if (this.begun) return;
    this.begun = true;
    this.log.info({ cause }, 'stopping');
    setTimeout(() => process.exit(1), this.limitMs).unref();
    for (const step of this.steps) {
      try {
        await step.run();
      } catch (error) {
        this.log.error({ err: error, step: step.name }, 'a shutdown step failed');
      }
    }
    this.log.info('stopped');
    this.log.flush(() => process.exit(code));
  }
}
