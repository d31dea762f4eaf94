import { TruthUnreadable } from '../errors.ts';
import type { Aggregates } from './aggregates.ts';
import type { LoopContext } from './context.ts';
import type { Decision } from './definition.ts';
import type { PartitionHold } from './hold.ts';
import type { Progress } from './records.ts';

interface Later {
  readonly decision: Decision;
  readonly offset: number;
}

/**
 * State of a partition out of snapshots and the tail of the log. The snapshots are read once before the
 * claim, to know where the tail begins, and once after it, to have them as the owner before left them.
 */
export class Restorer<S, I, M> {
  private readonly tail: Later[] = [];
  private startedAtMs = 0;
  private tailStart = 0;

  constructor(
    private readonly context: LoopContext<S, I, M>,
    private readonly hold: PartitionHold<S, I, M>,
    private readonly aggregates: Aggregates<S, I, M>,
  ) {}

  async begin(): Promise<void> {
    this.startedAtMs = this.context.clock.nowMs();
    await this.hold.readSnapshots();
    const checkpoint = this.hold.snapshots.checkpoint();
    this.hold.startAt(checkpoint);
    this.tailStart = this.hold.position;
  }

  /** A decision of the tail; folded once the snapshots are complete. */
  later(decision: Decision, offset: number): void {
    this.tail.push({ decision, offset });
  }

  /**
   * Folds all of it, after the claim.
   * @returns where the inputs go on; undefined: the checkpoint went backwards, or nobody wants it any more.
   */
  async finish(wanted: () => boolean): Promise<Progress<M> | undefined> {
    const { context, hold, aggregates } = this;
    const { definition } = context;
    const checkpoint = hold.snapshots.checkpoint();
    const from = checkpoint?.offset ?? 0;
    if (from < this.tailStart) return undefined;
    const whole = await this.readSuspects(from);
    const offsets = definition.inputTopics.map((topic) => checkpoint?.inputs[topic] ?? 0);
    await this.checkInputs(offsets);
    if (!wanted()) return undefined;
    for (const [key, state] of hold.snapshots.snapshots<S>()) aggregates.put(key, state);
    const tail = this.tail.filter(({ offset }) => offset >= from);
    for (const { decision, offset } of [...whole, ...tail]) {
      if (aggregates.fold(decision, definition.logTopic, offset)) continue;
      context.observer.voided?.(definition.logTopic, aggregates.partition, 'version');
    }
    const tookMs = context.clock.nowMs() - this.startedAtMs;
    context.observer.restored?.(aggregates.partition, aggregates.size, tail.length, tookMs);
    return { offsets, memory: checkpoint?.memory ?? definition.initialMemory };
  }

  private async readSuspects(until: number): Promise<Later[]> {
    const whole: Later[] = [];
    const suspects = this.hold.snapshots.suspects();
    if (suspects.size === 0 || until === 0) return whole;
    await this.hold.readWholeLog(suspects, until, (decision, offset) => whole.push({ decision, offset }));
    return whole;
  }

  /** An input topic that ends before the checkpoint was lost, and made anew: nobody may guess what it held. */
  private async checkInputs(offsets: readonly number[]): Promise<void> {
    const { inputTopics } = this.context.definition;
    const { partition } = this.aggregates;
    for (const [index, topic] of inputTopics.entries()) {
      const offset = offsets[index] ?? 0;
      const { high } = await this.context.ends.of(topic, partition);
      if (offset > high) {
        throw new TruthUnreadable(
          topic,
          partition,
          offset,
          'position-beyond-end',
          `the topic ends at ${high}`,
        );
      }
    }
  }
}
