import { checkKey, type HealthReport, parseMessage, REPORTS } from '#libs/contracts';
import type { Batch, Consumer, Log, LogObserver, TopicPartition } from '#libs/log';
import { positionField, type RegistryWriter, type StoredPosition } from '#libs/registry';
import { allDone } from './all-done.ts';
import type { ProjectorObserver } from './observer.ts';
import { ReportBook } from './report-book.ts';

/** Reports have no writers that could be void; their positions are offsets alone. */
const at = (offset: number): StoredPosition => ({ offset, writer_epoch: 0, writer_id: '' });

/** One partition of a reports topic. Offsets are of the next record. */
interface Reported {
  readonly partition: TopicPartition;
  /** Stands in Redis, if nobody lost it. */
  stored: number;
  /** What is in the book; stored once the book was written. */
  read: number;
}

export interface ReportStreamOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  nowMs(): number;
  /** This process's partitions, at each change: the same of every topic of the projector. */
  onPartitions(partitions: readonly number[]): void;
}

/**
 * Brings health reports to Redis, newest only, a few times a second at most. Its consumer group shares the
 * partitions among the projectors of a region; the decisions of a partition go with its reports.
 */
export class ReportStream {
  private readonly book = new ReportBook();
  private readonly reported = new Map<string, Reported>();
  private consumer: Consumer | undefined;

  constructor(
    private readonly log: Log,
    private readonly registry: RegistryWriter,
    private readonly options: ReportStreamOptions,
    private readonly observers: { readonly projector: ProjectorObserver; readonly log: LogObserver },
  ) {}

  async start(): Promise<void> {
    const { groupId, topics } = this.options;
    this.consumer = await this.log.consumeGroup({
      groupId,
      topics,
      coPartitioned: true,
      parse: (name, data, topic) => parseMessage(name, data, topic),
      startAt: (topic, partition) => this.startOf({ topic, partition }),
      onAssigned: () => this.partitionsChanged(),
      onRevoked: (partitions) => {
        for (const each of partitions) this.reported.delete(fieldOf(each));
        this.partitionsChanged();
      },
      onBatch: async (batch) => this.take(batch),
    });
    this.partitionsChanged();
  }

  async stop(): Promise<void> {
    await this.consumer?.stop();
  }

  get joined(): boolean {
    return this.consumer !== undefined;
  }

  /**
   * Writes what came since the last call, then how far it goes.
   * @param connections false while connections' rows are being rebuilt: a report finds no row then.
   */
  async flush(what: { connections: boolean }): Promise<void> {
    const reads = [...this.reported.values()].map((each) => ({ each, read: each.read }));
    const page = this.book.tear(what);
    try {
      this.book.forget(await this.registry.applyReports(page.agents, page.connections));
    } catch (error) {
      this.book.putBack(page);
      throw error;
    }
    if (!what.connections) return;
    for (const { each, read } of reads) if (read > each.stored) await this.move(each, read);
  }

  /** As the decisions' check: Redis may have lost what was written. */
  async check(): Promise<void> {
    const all = [...this.reported.values()];
    const expected = all.map((each) => each.stored);
    const stored = await this.registry.positions.read(all.map((each) => fieldOf(each.partition)));
    const checks = all.map(async (each, i) => {
      const offset = stored[i]?.offset;
      if (offset === undefined || offset < (expected[i] ?? 0)) await this.rebuild(each);
    });
    await allDone(checks);
  }

  private partitionsChanged(): void {
    const partitions = this.consumer?.assignment().map((each) => each.partition) ?? [];
    this.options.onPartitions([...new Set(partitions)].sort((a, b) => a - b));
  }

  private async startOf(partition: TopicPartition): Promise<number> {
    const [stored] = await this.registry.positions.read([fieldOf(partition)]);
    const { low, high } = await this.endsOf(partition);
    const known = stored && stored.offset <= high;
    const start = known ? stored.offset : low;
    if (!known) await this.begin(partition, low, high);
    this.reported.set(fieldOf(partition), { partition, stored: start, read: start });
    return start;
  }

  private async rebuild(reported: Reported): Promise<void> {
    const { partition } = reported;
    const { low, high } = await this.endsOf(partition);
    await this.begin(partition, low, high);
    reported.stored = low;
    reported.read = low;
    this.consumer?.seek(partition.topic, partition.partition, low);
  }

  private async begin(partition: TopicPartition, low: number, high: number): Promise<void> {
    await this.registry.positions.begin(fieldOf(partition), at(low), high);
    if (high === low) return;
    this.observers.projector.rebuilding(partition.topic, partition.partition, 'position-missing', high);
  }

  private async move(reported: Reported, read: number): Promise<void> {
    const field = fieldOf(reported.partition);
    const outcome = await this.registry.positions.move(field, at(reported.stored), at(read));
    if (this.reported.get(field) !== reported) return;
    if (outcome === 'moved') reported.stored = read;
    else await this.rebuild(reported);
  }

  private take(batch: Batch): void {
    const reported = this.reported.get(fieldOf(batch));
    if (!reported) return;
    const nowMs = this.options.nowMs();
    for (const record of batch.records) {
      const refusal = record.readable
        ? checkKey(REPORTS['health-report'], record.data as HealthReport, record.key)
        : record;
      if (refusal) this.observers.log.skipped?.(batch.topic, refusal.reason);
      else if (record.readable) this.book.take(record.data as HealthReport, Math.min(record.timeMs, nowMs));
    }
    reported.read = batch.nextOffset;
  }

  private async endsOf({ topic, partition }: TopicPartition): Promise<{ low: number; high: number }> {
    const ends = await this.log.endOffsets(topic);
    return ends.find((each) => each.partition === partition) ?? { low: 0, high: 0 };
  }
}

function fieldOf({ topic, partition }: TopicPartition): string {
  return positionField(topic, partition);
}
