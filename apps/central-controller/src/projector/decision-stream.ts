import {
  EARLIEST,
  type FollowedBatch,
  type FollowedDecision,
  type Follower,
  followLog,
  type Log,
  type LogPosition,
  type LogSpan,
  startProcess,
  type TruthUnreadable,
  traceOf,
} from '#libs/log';
import {
  type DecisionRecord,
  positionField,
  RegistryUnavailable,
  type RegistryWriter,
  ROW_MEMBERS,
  type VersionGap,
} from '#libs/registry';
import { membersReader } from '../core/read-members.ts';
import { allDone } from './all-done.ts';
import type { ProjectorObserver, RebuildCause } from './observer.ts';
import { isProjected } from './projected.ts';

/** A batch that Redis did not take is given again after, in milliseconds. */
const RETRY_MS = 250;

/** One partition of the topic, as far as this process has brought it. */
interface Projected {
  /** What stands in Redis, if nobody lost it. */
  position: LogPosition;
  /** Where a rebuild ends. */
  rebuildUntil: number;
  /** A gap was met in this rebuild from the earliest record on: the log itself has it. */
  gapInLog?: VersionGap;
  failure?: string;
}

/**
 * Brings the decisions of one topic to Redis, for the partitions that are this process's. Positions are
 * written before the first apply and compared with what stands in Redis at every later one: a Redis that lost
 * them lost rows as well, and is given the whole log again.
 */
export class DecisionStream {
  private readonly projected = new Map<number, Projected>();
  private follower: Follower | undefined;

  constructor(
    private readonly log: Log,
    private readonly registry: RegistryWriter,
    readonly topic: string,
    private readonly observer: ProjectorObserver,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** @throws RegistryUnavailable, LogUnavailable: nothing is followed then. */
  async start(partitions: readonly number[]): Promise<void> {
    const ends = await this.log.endOffsets(this.topic);
    const stored = await this.registry.positions.read(partitions.map((each) => this.field(each)));
    for (const [i, partition] of partitions.entries()) {
      const position = stored[i];
      const end = endOf(ends, partition);
      if (!position) await this.begin(partition, 'position-missing', end);
      // Redis has seen a longer log than there is: another one. The sweep removes what this log never held.
      else if (position.offset > end) await this.begin(partition, 'position-beyond-end', end);
      else this.projected.set(partition, { position, rebuildUntil: 0 });
    }
    this.follower = await followLog(this.log, {
      topic: this.topic,
      partitions,
      from: (partition) => this.projected.get(partition)?.position,
      read: readDecision,
      onDecisions: (batch) => this.take(batch),
      onStopped: (error) => this.stopped(error),
    });
  }

  async stop(): Promise<void> {
    // First of all, so that nothing waits for a Redis that is away.
    this.projected.clear();
    await this.follower?.stop();
    this.follower = undefined;
  }

  /** Compares the positions with those in Redis, which may have been emptied or replaced while nothing came. */
  async check(): Promise<void> {
    const all = [...this.projected].map(([partition, projected]) => ({
      partition,
      projected,
      expected: projected.position.offset,
    }));
    const stored = await this.registry.positions.read(all.map(({ partition }) => this.field(partition)));
    // Side by side: all of them ask for the ends of one topic, which is one question then.
    const checks = all.map(async ({ partition, projected, expected }, i) => {
      // A rebuild began meanwhile, and set the position itself.
      if (this.projected.get(partition) !== projected) return;
      const offset = stored[i]?.offset;
      if (offset === undefined) await this.rebuild(partition, 'position-missing');
      else if (offset < expected) await this.rebuild(partition, 'position-behind');
    });
    await allDone(checks);
  }

  /**
   * The whole log again; what is there already is skipped by its version.
   * @param forget removes what is wrong. Readers are told by then, so that nobody takes what is left for the truth.
   */
  async rebuild(partition: number, cause: RebuildCause, forget?: () => Promise<void>): Promise<void> {
    const ends = await this.log.endOffsets(this.topic);
    if (!this.projected.has(partition)) return;
    await this.begin(partition, cause, endOf(ends, partition));
    await forget?.();
    this.follower?.restart(partition, EARLIEST);
  }

  /** How far each partition is; those being rebuilt are not to be compared with the log. */
  positions(): { partition: number; offset: number; whole: boolean }[] {
    return [...this.projected].map(([partition, { position, rebuildUntil, failure }]) => ({
      partition,
      offset: position.offset,
      whole: failure === undefined && position.offset >= rebuildUntil,
    }));
  }

  failures(): string[] {
    return [...this.projected.values()].flatMap(({ failure }) => failure ?? []);
  }

  private field(partition: number): string {
    return positionField(this.topic, partition);
  }

  private async begin(partition: number, cause: RebuildCause, until: number): Promise<void> {
    await this.registry.positions.begin(this.field(partition), EARLIEST, until);
    this.projected.set(partition, { position: EARLIEST, rebuildUntil: until });
    if (until > 0) this.observer.rebuilding(this.topic, partition, cause, until);
  }

  /** Tries again while Redis is away: the batch is at hand, and nobody else waits for this partition. */
  private async take(batch: FollowedBatch): Promise<void> {
    const projected = this.projected.get(batch.partition);
    // A rebuild that began meanwhile gives this batch again, in its turn.
    while (projected && this.projected.get(batch.partition) === projected) {
      try {
        return await this.apply(batch, projected);
      } catch (error) {
        if (!(error instanceof RegistryUnavailable)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  private async apply(batch: FollowedBatch, projected: Projected): Promise<void> {
    const { partition } = batch;
    if (projected.failure !== undefined) return;
    const startedAtMs = performance.now();
    const spans = this.spansOf(batch);
    const { applied, skipped, gaps } = await this.registry.applyDecisions(
      batch.decisions.filter(isProjected).map(recordOf),
    );
    const [gap] = gaps;
    if (gap) {
      for (const span of spans) span.end('version-gap');
      return this.gap(partition, projected, gap);
    }
    const moved = await this.registry.positions.move(
      this.field(partition),
      projected.position,
      batch.position,
    );
    for (const span of spans) span.end(moved === 'moved' ? undefined : `position-${moved}`);
    // A rebuild began while this batch was on its way: its answer is of no interest any more.
    if (this.projected.get(partition) !== projected) return;
    if (moved !== 'moved') return this.rebuild(partition, `position-${moved}`);
    projected.position = batch.position;
    const newest = batch.decisions.at(-1);
    const isNews = newest !== undefined && applied > 0 && batch.position.offset >= projected.rebuildUntil;
    const behindMs = isNews ? this.nowMs() - newest.timeMs : undefined;
    this.observer.applied(this.topic, applied, skipped, performance.now() - startedAtMs, behindMs);
  }

  /** Of decisions that are part of a trace; history that is read again is none's story any more. */
  private spansOf({ decisions, position, partition }: FollowedBatch): LogSpan[] {
    const { tracer } = this.log;
    const isNews = position.offset >= (this.projected.get(partition)?.rebuildUntil ?? 0);
    if (tracer === undefined || !isNews) return [];
    return decisions.flatMap((decision) =>
      traceOf(decision.headers) === undefined ? [] : startProcess(tracer, decision, 'projector'),
    );
  }

  /** Rows are older than the position says: they are given again, once. What is missing then, the log lacks. */
  private async gap(partition: number, projected: Projected, gap: VersionGap): Promise<void> {
    const again = projected.rebuildUntil > projected.position.offset && projected.gapInLog?.key === gap.key;
    // A Redis that was emptied once more looks the same, but has lost the position too.
    const lost = again ? await this.lost(partition, projected.position.offset) : undefined;
    if (this.projected.get(partition) !== projected) return;
    if (lost) return this.rebuild(partition, lost);
    if (again) {
      projected.failure = `${this.topic}/${partition}: ${gap.key} has no version ${gap.have + 1}`;
      this.observer.failed(projected.failure);
      return;
    }
    await this.rebuild(partition, 'version-gap');
    const rebuilt = this.projected.get(partition);
    if (rebuilt) rebuilt.gapInLog = gap;
  }

  /** How Redis contradicts what was written there, if it does. */
  private async lost(partition: number, offset: number): Promise<RebuildCause | undefined> {
    const [stored] = await this.registry.positions.read([this.field(partition)]);
    if (!stored) return 'position-missing';
    return stored.offset < offset ? 'position-behind' : undefined;
  }

  private stopped(error: TruthUnreadable): void {
    const projected = this.projected.get(error.partition);
    if (projected) projected.failure = error.message;
    this.observer.failed(error.message);
  }
}

function endOf(ends: readonly { partition: number; high: number }[], partition: number): number {
  return ends.find((each) => each.partition === partition)?.high ?? 0;
}

function recordOf(decision: FollowedDecision): DecisionRecord {
  return {
    key: decision.key,
    event_id: decision.id,
    name: decision.name,
    version: decision.version,
    timeMs: decision.timeMs,
    partition: decision.partition,
    offset: decision.offset,
    data: decision.data as DecisionRecord['data'],
    dataJson: jsonOf(decision),
  };
}

/** What rows, lists and ledgers are made of; the whole decision goes to Redis as it stands in the log. */
const readDecision = membersReader(ROW_MEMBERS);

/** The record's own bytes, unless they are a whole event in structured mode. */
function jsonOf(decision: FollowedDecision): string {
  const { value, headers } = decision.raw;
  const binary = headers.ce_id !== undefined;
  return binary && value ? value.toString('utf8') : JSON.stringify(decision.data);
}
