import { STATE_RECORDS } from '#libs/contracts';
import { ClaimTracker } from '../claims.ts';
import { TruthUnreadable } from '../errors.ts';
import type { LogRecord, ReceivedEvent } from '../port.ts';
import { type Checkpoint, checkpointKey } from './records.ts';

type Last =
  | { readonly kind: 'snapshot'; readonly record: ReceivedEvent }
  | { readonly kind: 'tombstone' }
  | { readonly kind: 'void' };

/**
 * Folds one partition of snapshots, record by record: per key what stands last, under the claims of that
 * partition. A key whose last record is void has to be folded from the whole log, because compaction may
 * have dropped the valid one before it.
 */
export class SnapshotFold<M> {
  readonly claims = new ClaimTracker();
  private readonly last = new Map<string, Last>();

  constructor(private readonly partition: number) {}

  /** @returns false: the record is void. @throws TruthUnreadable */
  add(record: LogRecord): boolean {
    const standing = this.claims.judge(record);
    if (standing.kind === 'claim') return standing.valid;
    const { key } = record;
    if (!standing.valid) {
      if (key !== undefined) this.last.set(key, { kind: 'void' });
      return false;
    }
    if (key !== undefined && record.raw.value === null) {
      this.last.set(key, { kind: 'tombstone' });
    } else if (!record.readable || !isStateRecord(record.name)) {
      const detail = record.readable ? `${record.name} is no snapshot` : record.detail;
      throw new TruthUnreadable(record.topic, record.partition, record.offset, 'unreadable-record', detail);
    } else {
      this.last.set(record.key, { kind: 'snapshot', record });
    }
    return true;
  }

  checkpoint(): Checkpoint<M> | undefined {
    const found = this.last.get(checkpointKey(this.partition));
    return found?.kind === 'snapshot' ? (found.record.data as Checkpoint<M>) : undefined;
  }

  *snapshots<S>(): IterableIterator<[string, S]> {
    for (const [key, found] of this.last) {
      if (found.kind !== 'snapshot' || key === checkpointKey(this.partition)) continue;
      yield [key, (found.record.data as { state: S }).state];
    }
  }

  /** Keys to be folded from the whole log. */
  suspects(): Set<string> {
    const keys = new Set<string>();
    for (const [key, found] of this.last) if (found.kind === 'void') keys.add(key);
    keys.delete(checkpointKey(this.partition));
    return keys;
  }

  /** What was read is handed over; only the claims are needed from now on. */
  release(): void {
    this.last.clear();
  }
}

function isStateRecord(name: string): boolean {
  return name === STATE_RECORDS.snapshot || name === STATE_RECORDS.checkpoint;
}
