import { randomUUID } from 'node:crypto';
import { ClaimTracker } from '../claims.ts';
import { TruthUnreadable } from '../errors.ts';
import { versionIn } from '../follow/judge-record.ts';
import type { LogRecord } from '../port.ts';
import type { LoopContext } from './context.ts';
import type { Decision } from './definition.ts';
import { ReadingCancelled } from './reader.ts';
import { type Checkpoint, claimRecord, decisionOf, type Writer } from './records.ts';
import { SnapshotFold } from './restore.ts';

/** A claim that is valid, and where the next append to each partition is expected to stand. */
export interface Owned {
  readonly kind: 'owned';
  readonly writer: Writer;
  readonly logEnd: number;
  readonly stateEnd: number;
}

/** What a claim led to. */
export type Claimed = Owned | { readonly kind: 'void' } | { readonly kind: 'higher-claim-in-state' };

/**
 * One process's hold on one partition of the log and of its snapshots: how far both were read, whose
 * records count there, and the steps of a claim. It folds nothing: decisions go to `onDecision`.
 */
export class PartitionHold<S, I, M> {
  private logPosition = 0;
  private statePosition = 0;
  private logClaims = new ClaimTracker();
  private closed = false;
  readonly snapshots: SnapshotFold<M>;

  constructor(
    private readonly context: LoopContext<S, I, M>,
    private readonly partition: number,
    private readonly newId: () => string = randomUUID,
  ) {
    this.snapshots = new SnapshotFold<M>(partition);
  }

  get position(): number {
    return this.logPosition;
  }

  /** The partition may be another's from now on: nothing more is read or appended for this hold. */
  close(): void {
    this.closed = true;
  }

  /** Goes on reading the log where a checkpoint says that everything before is in snapshots. */
  startAt(checkpoint: Checkpoint<M> | undefined): void {
    this.logPosition = checkpoint?.offset ?? 0;
    this.logClaims = new ClaimTracker(checkpoint);
  }

  /**
   * Reads to the end, claims, reads up to the claim, claims in the snapshots too and reads those to an end
   * fetched after the read.
   * @throws TruthUnreadable, ReadingCancelled once closed, and whatever Kafka rejects with: then one
   * claims again, under a new id.
   */
  async claim(onDecision: (decision: Decision, offset: number) => void): Promise<Claimed> {
    const { context, partition } = this;
    const { logTopic, stateTopic, source } = context.definition;
    await this.readLogTo((await context.ends.of(logTopic, partition)).high, onDecision);
    const writer: Writer = {
      source,
      partition,
      epoch: this.logClaims.writerEpoch + 1,
      id: this.newId(),
    };
    this.check();
    const at = await context.log.append(logTopic, partition, [
      claimRecord(logTopic, writer, context.clock.nowMs()),
    ]);
    await this.readLogTo(at + 1, onDecision);
    if (this.logClaims.writerId !== writer.id) return { kind: 'void' };
    this.check();
    await context.log.append(stateTopic, partition, [claimRecord(stateTopic, writer, context.clock.nowMs())]);
    await this.readSnapshots();
    if (this.snapshots.claims.writerId !== writer.id) return { kind: 'higher-claim-in-state' };
    return { kind: 'owned', writer, logEnd: this.logPosition, stateEnd: this.statePosition };
  }

  /** Reads the snapshots until the position equals a high watermark fetched after the read. */
  async readSnapshots(): Promise<void> {
    const { stateTopic } = this.context.definition;
    for (;;) {
      const { high } = await this.context.ends.of(stateTopic, this.partition);
      if (high === this.statePosition) return;
      if (high < this.statePosition) this.beyondEnd(stateTopic, this.statePosition, high);
      const range = { from: this.statePosition, until: high };
      this.check();
      await this.context.reader.read(stateTopic, this.partition, range, (record) => {
        if (record.offset < this.statePosition) return;
        if (!this.snapshots.add(record)) this.voided(record, 'writer');
        this.statePosition = record.offset + 1;
      });
      this.statePosition = high;
    }
  }

  /** Own appends that were acknowledged where they were expected need no reading. */
  passed(logEnd: number, stateEnd: number): void {
    this.logPosition = Math.max(this.logPosition, logEnd);
    this.statePosition = Math.max(this.statePosition, stateEnd);
  }

  private async readLogTo(
    until: number,
    onDecision: (decision: Decision, offset: number) => void,
  ): Promise<void> {
    const { logTopic } = this.context.definition;
    if (this.logPosition > until) this.beyondEnd(logTopic, this.logPosition, until);
    const range = { from: this.logPosition, until };
    this.check();
    await this.context.reader.read(logTopic, this.partition, range, (record) => {
      if (record.offset < this.logPosition) return;
      this.readLogRecord(record, this.logClaims, onDecision);
      this.logPosition = record.offset + 1;
    });
    this.logPosition = until;
  }

  /** Folds what the whole log up to `until` says of these keys alone. */
  async readWholeLog(
    keys: ReadonlySet<string>,
    until: number,
    onDecision: (decision: Decision, offset: number) => void,
  ): Promise<void> {
    const claims = new ClaimTracker();
    const { logTopic } = this.context.definition;
    this.check();
    await this.context.reader.read(logTopic, this.partition, { from: 0, until }, (record) => {
      this.readLogRecord(record, claims, (decision, offset) => {
        if (keys.has(decision.key)) onDecision(decision, offset);
      });
    });
  }

  private readLogRecord(
    record: LogRecord,
    claims: ClaimTracker,
    onDecision: (decision: Decision, offset: number) => void,
  ): void {
    const standing = claims.judge(record);
    if (!standing.valid) {
      this.voided(record, standing.kind === 'claim' ? 'claim' : 'writer');
    } else if (standing.kind === 'record') {
      if (!record.readable || versionIn(record) === undefined) {
        const detail = record.readable ? 'it has no version' : record.detail;
        throw new TruthUnreadable(record.topic, this.partition, record.offset, 'unreadable-record', detail);
      }
      onDecision(decisionOf(record), record.offset);
    }
  }

  /** Stands right before each read and append: what was awaited before may have taken until after the end. */
  private check(): void {
    if (this.closed) throw new ReadingCancelled();
  }

  private voided(record: LogRecord, why: 'claim' | 'writer'): void {
    this.context.observer.voided?.(record.topic, record.partition, why);
  }

  private beyondEnd(topic: string, position: number, high: number): never {
    const detail = `the log ends at ${high}`;
    throw new TruthUnreadable(topic, this.partition, position, 'position-beyond-end', detail);
  }
}
