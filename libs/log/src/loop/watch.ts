import type { LoopContext } from './context.ts';
import { LOOP_LIMITS } from './limits.ts';
import type { PartitionOwner } from './owner.ts';

/**
 * Looks at the ends of the log and of the inputs, again and again: an owner learns from them that another
 * one wrote, and up to where inputs have to be read before a time input may be given.
 */
export class EndWatch<S, I, M> {
  private running = true;
  private wakeUp: (() => void) | undefined;
  private poked = false;

  constructor(
    private readonly context: LoopContext<S, I, M>,
    private readonly owners: () => Iterable<PartitionOwner<S, I, M>>,
    private readonly intervalMs: number,
  ) {}

  start(): void {
    void this.run();
  }

  stop(): void {
    this.running = false;
    this.poke();
  }

  /** Something may be due earlier than the next look. */
  poke(): void {
    this.poked = true;
    this.wakeUp?.();
  }

  private async run(): Promise<void> {
    while (this.running) {
      await this.wait();
      if (!this.running) return;
      try {
        await this.look();
      } catch (error) {
        this.context.observer.failed?.('ends', error);
        await this.context.clock.sleep(this.intervalMs);
      }
    }
  }

  private async wait(): Promise<void> {
    const { clock } = this.context;
    let until = Number.POSITIVE_INFINITY;
    for (;;) {
      // A clock that was set back must not make this wait longer than the interval.
      until = Math.min(until, clock.nowMs() + this.intervalMs);
      const dueMs = Math.min(until, ...[...this.owners()].map((owner) => owner.dueMs() ?? until));
      const waitMs = Math.max(dueMs - clock.nowMs(), this.poked ? 0 : LOOP_LIMITS.watchLeastMs);
      this.poked = false;
      if (waitMs <= 0 || !this.running) return;
      const poked = new Promise<'poked'>((resolve) => {
        this.wakeUp = () => resolve('poked');
      });
      const woken = await Promise.race([poked, clock.sleep(waitMs)]);
      this.wakeUp = undefined;
      if (woken !== 'poked') return;
    }
  }

  private async look(): Promise<void> {
    const { definition, ends, clock } = this.context;
    const owners = [...this.owners()];
    if (owners.length === 0) return;
    const fetchedAtMs = clock.nowMs();
    const [log, ...inputs] = await Promise.all(
      [definition.logTopic, ...definition.inputTopics].map((topic) => ends.fetch(topic)),
    );
    for (const owner of owners) {
      const at = owner.partition;
      owner.onEnds({
        fetchedAtMs,
        logHigh: log?.[at]?.high ?? 0,
        inputs: inputs.map((partitions) => partitions[at] ?? { partition: at, low: 0, high: 0 }),
      });
    }
  }
}
