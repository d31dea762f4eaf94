import { sizeOf } from '../codec/encode.ts';
import type { EncodedRecord } from '../port.ts';
import { LOOP_LIMITS } from './limits.ts';
import { checkpointRecord, type Progress, snapshotRecord, tombstoneRecord, type Writer } from './records.ts';
import type { DecisionWriter, WriterHost } from './writer.ts';

/**
 * Writes what changed since the last round, then a checkpoint, to the partition of snapshots: one request
 * in flight, each answer at the expected offset, as in the log.
 */
export class SnapshotWriter<S, I, M> {
  private running: Promise<void> | undefined;
  private last: string | undefined;
  /** Keys whose snapshots the running round writes. */
  private writing: readonly string[] = [];
  /** Forgettable keys that the latest round found written. */
  private leaving = new Set<string>();

  constructor(
    private readonly host: WriterHost<S, I, M>,
    private readonly decisions: DecisionWriter<S, I, M>,
    /** Where the next append is expected to stand. */
    private end: number,
    /** Progress that is certainly acknowledged. */
    private readonly acknowledged: () => Progress<M>,
  ) {}

  /** Every record of snapshots below is acknowledged. */
  get acknowledgedEnd(): number {
    return this.end;
  }

  /** One round; a second call while one runs waits for that. */
  round(): Promise<void> {
    this.running ??= this.write().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /**
   * Nothing more of this writer counts. What its round had in hand is dirty again at once: a checkpoint of
   * the next writer may not pass a decision whose snapshot was not acknowledged.
   */
  abandon(): void {
    const { aggregates } = this.host;
    for (const key of this.writing) if (aggregates.acknowledged(key) !== undefined) aggregates.dirty.add(key);
    this.writing = [];
  }

  private async write(): Promise<void> {
    const { aggregates } = this.host;
    const generation = this.host.generation();
    const offset = this.decisions.acknowledgedEnd;
    const leaving = this.findLeaving();
    const keys = [...aggregates.dirty];
    this.writing = keys;
    aggregates.dirty = new Set();
    const done = await this.writeAll(keys, leaving, offset).catch((error: unknown) => {
      if (this.host.generation() === generation) this.host.reclaim('append-rejected', String(error));
      return false;
    });
    // Whoever claims again abandons this writer.
    if (!done) return;
    this.writing = [];
    for (const [key, state] of leaving) {
      const unchanged = aggregates.acknowledged(key) === state && aggregates.state(key) === state;
      if (unchanged && !aggregates.dirty.has(key)) aggregates.forget(key);
      // It was decided on while its tombstone was on its way, and no snapshot stands behind that.
      else if (aggregates.acknowledged(key) !== undefined) aggregates.dirty.add(key);
    }
    const { stateTopic } = this.host.context.definition;
    if (keys.length > 0)
      this.host.context.observer.snapshotted?.(stateTopic, this.host.partition, keys.length);
  }

  /** @returns false: given up, because the owner claims again. */
  private async writeAll(
    keys: readonly string[],
    leaving: ReadonlyMap<string, S>,
    offset: number,
  ): Promise<boolean> {
    const { stateTopic } = this.host.context.definition;
    const { writer } = this.decisions;
    let records: EncodedRecord[] = [...leaving.keys()].map((key) => tombstoneRecord(stateTopic, writer, key));
    let bytes = 0;
    for (const key of keys) {
      const record = this.snapshotOf(stateTopic, writer, key);
      if (!record) continue;
      records.push(record);
      bytes += sizeOf(record);
      if (records.length < LOOP_LIMITS.snapshotRecords && bytes < LOOP_LIMITS.appendBytes) continue;
      if (!(await this.append(records))) return false;
      records = [];
      bytes = 0;
    }
    return this.appendCheckpoint(records, bytes, offset);
  }

  private snapshotOf(topic: string, writer: Writer, key: string): EncodedRecord | undefined {
    const { aggregates, context } = this.host;
    const state = aggregates.acknowledged(key);
    if (state === undefined) return undefined;
    const version = context.definition.versionOf(state);
    return snapshotRecord(topic, writer, { key, version, state }, context.clock.nowMs());
  }

  /** The checkpoint comes last, so that compaction never leaves the partition's end empty. */
  private async appendCheckpoint(
    snapshots: readonly EncodedRecord[],
    bytes: number,
    offset: number,
  ): Promise<boolean> {
    const { context, partition } = this.host;
    const { inputTopics, stateTopic } = context.definition;
    const { writer } = this.decisions;
    // Judged on nothing but what is acknowledged: then the ignored inputs are behind us as well.
    const progress = this.decisions.idle ? this.host.judged() : this.acknowledged();
    const checkpoint = {
      offset,
      writer_epoch: writer.epoch,
      writer_id: writer.id,
      inputs: Object.fromEntries(inputTopics.map((topic, index) => [topic, progress.offsets[index] ?? 0])),
      memory: progress.memory,
    };
    const text = JSON.stringify(checkpoint);
    if (snapshots.length === 0 && text === this.last) return true;
    const record = checkpointRecord(stateTopic, writer, checkpoint, context.clock.nowMs());
    const acknowledgedBefore = this.acknowledged();
    // Its memory may be large, and a broker refuses a request that both together make too large.
    const apart = snapshots.length > 0 && bytes + sizeOf(record) > LOOP_LIMITS.appendBytes;
    if (apart && !(await this.append(snapshots))) return false;
    if (!(await this.append(apart ? [record] : [...snapshots, record]))) return false;
    this.last = text;
    if (this.acknowledged() === acknowledgedBefore) this.host.acknowledged(progress);
    context.observer.checkpointed?.(stateTopic, partition, offset);
    return true;
  }

  private async append(records: readonly EncodedRecord[]): Promise<boolean> {
    const { context, partition } = this.host;
    const generation = this.host.generation();
    const base = await context.log.append(context.definition.stateTopic, partition, records);
    if (this.host.generation() !== generation) return false;
    if (base !== this.end) {
      this.host.reclaim('append-misplaced', `snapshots: expected ${this.end}, answered ${base}`);
      return false;
    }
    this.end += records.length;
    return true;
  }

  /** A key leaves in the round after the one that found it written: a checkpoint has passed it by then. */
  private findLeaving(): ReadonlyMap<string, S> {
    const { aggregates, context } = this.host;
    const forget = context.definition.forget?.bind(context.definition);
    if (!forget) return new Map();
    const nowMs = context.clock.nowMs();
    const found = new Map<string, S>();
    for (const [key, state] of aggregates.acknowledgedEntries()) {
      if (!aggregates.dirty.has(key) && aggregates.state(key) === state && forget(state, nowMs))
        found.set(key, state);
    }
    const leaving = [...found].filter(([key]) => this.leaving.has(key)).slice(0, LOOP_LIMITS.snapshotRecords);
    this.leaving = new Set(found.keys());
    return new Map(leaving);
  }
}
