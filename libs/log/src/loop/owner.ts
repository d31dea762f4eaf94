import { TruthUnreadable } from '../errors.ts';
import type { ReclaimCause } from '../observer.ts';
import type { Batch, PartitionOffsets } from '../port.ts';
import { Aggregates } from './aggregates.ts';
import type { LoopContext } from './context.ts';
import type { OwnedPartition } from './handle.ts';
import { type Owned, PartitionHold } from './hold.ts';
import { Judge } from './judge.ts';
import { LOOP_LIMITS } from './limits.ts';
import { ReadingCancelled } from './reader.ts';
import type { Progress } from './records.ts';
import { Restorer } from './restorer.ts';
import { SnapshotWriter } from './snapshots.ts';
import { DecisionWriter, type WriterHost } from './writer.ts';

/** What exists only while a claim of ours is the last valid one, as far as we know. */
interface Ownership<S, I, M> {
  readonly decisions: DecisionWriter<S, I, M>;
  readonly snapshots: SnapshotWriter<S, I, M>;
  readonly judge: Judge<S, I, M>;
}

/** Ends of all partitions that matter here, and the time from which on they were fetched. */
export interface SeenEnds {
  readonly fetchedAtMs: number;
  readonly logHigh: number;
  readonly inputs: readonly PartitionOffsets[];
}

/**
 * The one writer of one partition, for as long as the group leaves it here. Whatever makes its claim
 * doubtful ends the ownership: all that was not acknowledged is dropped, and it claims anew.
 */
export class PartitionOwner<S, I, M> implements WriterHost<S, I, M> {
  readonly aggregates: Aggregates<S, I, M>;
  private readonly hold: PartitionHold<S, I, M>;
  private ownership: Ownership<S, I, M> | undefined;
  private progress: Progress<M> | undefined;
  private readonly effectsSent: number[] = [];
  private generationNow = 0;
  private ended = false;
  private failure: string | undefined;
  private epoch = 0;
  private tick: SeenEnds | undefined;
  private began!: () => void;
  private readonly firstOwned = new Promise<void>((resolve) => {
    this.began = resolve;
  });

  constructor(
    readonly context: LoopContext<S, I, M>,
    readonly partition: number,
  ) {
    const { initialMemory } = context.definition;
    this.aggregates = new Aggregates(
      partition,
      context.definition,
      () => this.ownership?.judge.currentMemory ?? this.progress?.memory ?? initialMemory,
    );
    this.hold = new PartitionHold(context, partition);
    void this.acquire('assigned', this.generationNow);
  }

  status(): OwnedPartition {
    return {
      partition: this.partition,
      phase: this.failure !== undefined ? 'stopped' : this.ownership ? 'owning' : 'claiming',
      writerEpoch: this.epoch,
      states: this.aggregates.size,
      ...(this.failure !== undefined && { failure: this.failure }),
    };
  }

  generation(): number {
    return this.generationNow;
  }

  judged(): Progress<M> {
    const progress = this.ownership?.judge.progress() ?? this.progress;
    if (!progress) throw new Error('nothing was judged before the first claim');
    return progress;
  }

  acknowledged(progress: Progress<M>): void {
    this.progress = progress;
  }

  /** Where an input topic is read from at first; undefined: the partition left before. */
  async startOf(topic: string): Promise<number | undefined> {
    await this.firstOwned;
    return this.ended ? undefined : this.offsetOf(topic);
  }

  async onBatch(batch: Batch): Promise<void> {
    const { ownership } = this;
    if (!ownership) return;
    await ownership.judge.onBatch(batch);
    this.tryTick();
  }

  /** Another writer's record makes the log longer than what we sent: then we claim again. */
  onEnds(seen: SeenEnds): void {
    const { ownership } = this;
    if (!ownership) return;
    if (seen.logHigh > ownership.decisions.sentEnd) {
      this.reclaim('foreign-record', `the log ends at ${seen.logHigh}, not ${ownership.decisions.sentEnd}`);
      return;
    }
    for (const [index, { low }] of seen.inputs.entries()) ownership.judge.skipTo(index, low);
    const dueMs = this.aggregates.due.next();
    if (this.tick || dueMs === undefined || dueMs > seen.fetchedAtMs) return;
    this.tick = seen;
    this.tryTick();
  }

  dueMs(): number | undefined {
    return this.ownership && !this.tick ? this.aggregates.due.next() : undefined;
  }

  wake(predicate: (key: string, state: S) => boolean): void {
    const nowMs = this.context.clock.nowMs();
    for (const [key, state] of this.aggregates.entries()) {
      const dueMs = this.aggregates.due.get(key);
      if ((dueMs === undefined || dueMs > nowMs) && predicate(key, state))
        this.aggregates.due.set(key, nowMs);
    }
  }

  async snapshot(): Promise<void> {
    await this.ownership?.snapshots.round();
  }

  reclaim(cause: ReclaimCause, detail?: string): void {
    if (this.ended || this.failure !== undefined) return;
    const { logTopic } = this.context.definition;
    this.context.observer.reclaiming?.(logTopic, this.partition, cause, detail);
    const generation = this.dropAll();
    void this.acquire(cause, generation);
  }

  /** The partition is another's, or the process stops. */
  end(): void {
    this.ended = true;
    this.hold.close();
    this.dropAll();
    const { logTopic, stateTopic } = this.context.definition;
    this.context.reader.cancel(logTopic, this.partition);
    this.context.reader.cancel(stateTopic, this.partition);
    this.aggregates.clear();
    this.began();
  }

  private dropAll(): number {
    this.generationNow += 1;
    const { ownership } = this;
    this.ownership = undefined;
    this.tick = undefined;
    if (ownership) {
      this.hold.passed(ownership.decisions.acknowledgedEnd, ownership.snapshots.acknowledgedEnd);
      ownership.decisions.abandon();
      ownership.snapshots.abandon();
    }
    this.aggregates.dropSpeculation();
    return this.generationNow;
  }

  /** Claims until a claim is valid, the partition leaves, or truth can't be read. */
  private async acquire(cause: ReclaimCause, generation: number): Promise<void> {
    let waitMs: number = LOOP_LIMITS.claimRetryMs;
    const wanted = () => !this.ended && this.generationNow === generation;
    const first = cause === 'assigned';
    try {
      if (!first) await this.pauseInputs();
      for (let attempt = 0; wanted(); attempt += 1) {
        try {
          if ((first && attempt === 0) || (await this.isAssigned())) {
            if (await this.tryClaim(wanted)) return;
          }
        } catch (error) {
          if (error instanceof TruthUnreadable || error instanceof ReadingCancelled) throw error;
          this.context.observer.failed?.('claim', error, `partition ${this.partition}`);
        }
        await this.context.clock.sleep(waitMs);
        waitMs = Math.min(2 * waitMs, LOOP_LIMITS.claimRetryMaxMs);
      }
    } catch (error) {
      if (!wanted()) return;
      this.failure = String(error);
      this.context.observer.failed?.('owner-stopped', error, `partition ${this.partition}`);
    }
  }

  /** @returns true: owned, or no longer wanted. */
  private async tryClaim(wanted: () => boolean): Promise<boolean> {
    const { context, partition, hold } = this;
    const { logTopic } = context.definition;
    const restorer = this.progress ? undefined : new Restorer(context, hold, this.aggregates);
    if (restorer) await restorer.begin();
    const claimed = await hold.claim((decision, offset) => {
      if (restorer) restorer.later(decision, offset);
      else if (!this.aggregates.fold(decision, logTopic, offset))
        context.observer.voided?.(logTopic, partition, 'version');
    });
    if (!wanted()) return true;
    if (claimed.kind !== 'owned') {
      const cause = claimed.kind === 'void' ? 'claim-void' : 'higher-claim-in-state';
      context.observer.reclaiming?.(logTopic, partition, cause);
      return false;
    }
    if (restorer) {
      const progress = await restorer.finish(wanted);
      if (!wanted()) return true;
      if (!progress) return false;
      this.progress = progress;
    }
    hold.snapshots.release();
    this.own(claimed, restorer !== undefined);
    return true;
  }

  private own(claimed: Owned, first: boolean): void {
    const { context } = this;
    const progress = this.judged();
    const decisions = new DecisionWriter(this, claimed.writer, claimed.logEnd);
    const snapshots = new SnapshotWriter(this, decisions, claimed.stateEnd, () => this.progress ?? progress);
    const judge = new Judge(this, decisions, this.effectsSent, progress);
    this.ownership = { decisions, snapshots, judge };
    this.epoch = claimed.writer.epoch;
    context.observer.claimed?.(context.definition.logTopic, this.partition, this.epoch);
    // Whoever owned before may have been stopped between an append and its commands.
    for (const [key, state] of this.aggregates.acknowledgedEntries()) {
      context.commands.send(context.definition.unanswered(key, state));
    }
    this.began();
    // At first the consumer itself asks where to begin.
    if (!first) void this.seekInputs(this.generationNow);
    context.poke();
  }

  private offsetOf(topic: string): number {
    return this.progress?.offsets[this.context.definition.inputTopics.indexOf(topic)] ?? 0;
  }

  private async pauseInputs(): Promise<void> {
    const inputs = await this.context.inputs;
    for (const topic of this.context.definition.inputTopics) inputs.pause(topic, this.partition);
  }

  private async seekInputs(generation: number): Promise<void> {
    const inputs = await this.context.inputs;
    if (this.generationNow !== generation) return;
    for (const topic of this.context.definition.inputTopics) {
      inputs.seek(topic, this.partition, this.offsetOf(topic));
    }
  }

  private async isAssigned(): Promise<boolean> {
    const inputs = await this.context.inputs;
    for (const topic of this.context.definition.inputTopics) {
      if (!(await inputs.confirm(topic, this.partition))) return false;
    }
    return true;
  }

  /**
   * Gives the time inputs once every input partition was read up to where it ended after the deadline. What is still due
   * beyond the first ones is given at the next look, which is at once.
   */
  private tryTick(): void {
    const { ownership, tick } = this;
    if (!ownership || !tick) return;
    if (tick.inputs.some(({ high }, index) => ownership.judge.offsetOf(index) < high)) return;
    this.tick = undefined;
    for (const key of this.aggregates.due.take(tick.fetchedAtMs, LOOP_LIMITS.dueAtOnce)) {
      if (this.aggregates.state(key) === undefined) continue;
      ownership.judge.judgeTime(key, tick.fetchedAtMs);
      this.postpone(key, tick.fetchedAtMs);
    }
    ownership.decisions.kick();
    this.context.poke();
  }

  /** What is still due after its time input comes again, but not at once. */
  private postpone(key: string, nowMs: number): void {
    const state = this.aggregates.state(key);
    const dueMs = state === undefined ? undefined : this.context.definition.dueAtMs(state);
    const againMs = nowMs + LOOP_LIMITS.timeInputAgainMs;
    this.aggregates.due.set(key, dueMs !== undefined && dueMs <= nowMs ? againMs : dueMs);
  }
}
