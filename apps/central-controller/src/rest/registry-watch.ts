import { type RegistryReader, RegistryUnavailable } from '#libs/registry';
import type { PartState } from '../core/readiness.ts';

/** The registry is looked at so often for /health/ready, in milliseconds. */
const LOOK_MS = 500;

/** Whether reads would be answered now. */
export class RegistryWatch {
  private latest: PartState = { ready: false, registry: 'unknown' };
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(private readonly registry: RegistryReader) {}

  start(): void {
    this.looking = this.look();
  }

  async stop(): Promise<void> {
    const { looking } = this;
    this.looking = undefined;
    clearTimeout(this.timer);
    await looking;
  }

  state(): PartState {
    return this.latest;
  }

  private async look(): Promise<void> {
    this.latest = await this.registry.missing().then(
      (missing): PartState =>
        missing ? { ready: false, registry: 'rebuilding', ...missing } : { ready: true, registry: 'whole' },
      (error: unknown): PartState => ({
        ready: false,
        registry: error instanceof RegistryUnavailable ? 'unavailable' : 'failing',
      }),
    );
    if (!this.looking) return;
    this.timer = setTimeout(() => {
      this.looking = this.look();
    }, LOOK_MS);
  }
}
