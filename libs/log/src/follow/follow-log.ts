import { ClaimTracker } from '../claims.ts';
import { TruthUnreadable } from '../errors.ts';
import type { Batch, Consumer, Log, LogRecord } from '../port.ts';
import { judgeRecord, UNREADABLE } from './judge-record.ts';
import type { FollowedDecision, Follower, FollowOptions, LogPosition } from './types.ts';
import { EARLIEST } from './types.ts';
import { Versions } from './versions.ts';

interface Followed {
  position: LogPosition;
  /** Highest version given of each aggregate; of two records with one version the first stands. */
  versions: Versions;
  stopped: boolean;
}

/**
 * Reads decisions as they count: by the last valid claim's writer, the first of each version. What can't
 * be read and is not void stops its partition, loudly; so does a position beyond the log's end.
 */
export async function followLog(log: Log, options: FollowOptions): Promise<Follower> {
  const follower = new LogFollower(log, options);
  await follower.start();
  return follower;
}

class LogFollower implements Follower {
  private readonly followed = new Map<number, Followed>();
  private tail: Consumer | undefined;

  constructor(
    private readonly log: Log,
    private readonly options: FollowOptions,
  ) {}

  async start(): Promise<void> {
    const { topic, partitions, parse, read } = this.options;
    this.tail = await this.log.tail({
      topics: [topic],
      ...(partitions && { partitions: () => partitions }),
      ...(parse && { parse }),
      ...(read && { read }),
      trusted: true,
      from: (_topic, partition) => this.begin(partition, this.options.from?.(partition) ?? EARLIEST),
      onBatch: (batch) => this.onBatch(batch),
    });
  }

  position(partition: number): LogPosition {
    return this.followed.get(partition)?.position ?? EARLIEST;
  }

  restart(partition: number, position: LogPosition): void {
    const { topic, observer } = this.options;
    const checked = this.begin(partition, position);
    this.tail?.seek(topic, partition, position.offset);
    checked.catch((error: unknown) => observer?.failed?.('restart', error, `${topic}/${partition}`));
  }

  async caughtUp(): Promise<void> {
    await this.tail?.caughtUp();
  }

  async stop(): Promise<void> {
    await this.tail?.stop();
  }

  private async begin(partition: number, position: LogPosition): Promise<number> {
    const followed = { position, versions: new Versions(), stopped: false };
    this.followed.set(partition, followed);
    if (position.offset === 0) return 0;
    const ends = await this.log.endOffsets(this.options.topic);
    const high = ends.find((one) => one.partition === partition)?.high ?? 0;
    if (position.offset > high && this.followed.get(partition) === followed) {
      this.beyondEnd(partition, position.offset, high);
    }
    return position.offset;
  }

  private beyondEnd(partition: number, offset: number, high: number): void {
    const detail = `the log ends at ${high}`;
    this.stopAt(new TruthUnreadable(this.options.topic, partition, offset, 'position-beyond-end', detail));
  }

  private async onBatch(batch: Batch): Promise<void> {
    const followed = this.followed.get(batch.partition);
    if (!followed || followed.stopped) return;
    if (batch.highWatermark < followed.position.offset) {
      this.beyondEnd(batch.partition, followed.position.offset, batch.highWatermark);
      return;
    }
    if (batch.fetchedOffset > followed.position.offset) {
      const detail = `the records before ${batch.fetchedOffset} are gone`;
      const { offset } = followed.position;
      this.stopAt(new TruthUnreadable(batch.topic, batch.partition, offset, UNREADABLE, detail));
      return;
    }
    const claims = new ClaimTracker(followed.position);
    const fresh = new Map<string, number>();
    const decisions: FollowedDecision[] = [];
    let failure: TruthUnreadable | undefined;
    for (const record of batch.records) {
      if (record.offset < followed.position.offset) continue;
      const decision = this.judge(record, claims, followed.versions, fresh);
      if (decision instanceof TruthUnreadable) {
        failure = decision;
        break;
      }
      if (decision) decisions.push(decision);
    }
    const position = {
      offset: failure?.offset ?? batch.nextOffset,
      writer_epoch: claims.writerEpoch,
      writer_id: claims.writerId,
    };
    const { topic, partition, highWatermark } = batch;
    await this.options.onDecisions({ topic, partition, decisions, position, highWatermark });
    // The handler may have restarted this reader from elsewhere.
    if (this.followed.get(batch.partition) !== followed) return;
    followed.position = position;
    for (const [key, version] of fresh) followed.versions.set(key, version);
    if (failure) this.stopAt(failure);
  }

  private judge(
    record: LogRecord,
    claims: ClaimTracker,
    seen: Versions,
    fresh: Map<string, number>,
  ): FollowedDecision | TruthUnreadable | undefined {
    const judged = judgeRecord(record, claims, (key) => fresh.get(key) ?? seen.get(key));
    switch (judged.kind) {
      case 'claim':
        return undefined;
      case 'void':
        this.options.observer?.voided?.(record.topic, record.partition, judged.why);
        return undefined;
      case 'unreadable':
        return judged.error;
      case 'decision':
        fresh.set(judged.record.key, judged.version);
        return Object.assign(judged.record, { version: judged.version });
      default:
        return judged satisfies never;
    }
  }

  private stopAt(error: TruthUnreadable): void {
    const followed = this.followed.get(error.partition);
    if (followed) followed.stopped = true;
    // While it begins there is no consumer yet; what that gives is not taken.
    this.tail?.pause(error.topic, error.partition);
    this.options.onStopped(error);
  }
}
