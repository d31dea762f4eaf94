import type { EncodedRecord, RawRecord } from '../port.ts';

export interface StoredRecord extends RawRecord {
  readonly offset: number;
}

/** One partition: records by offset, with the gaps that compaction leaves. */
export class MemoryPartition {
  private records: StoredRecord[] = [];
  low = 0;
  high = 0;

  append(records: readonly EncodedRecord[], timestampMs: number): number {
    const base = this.high;
    for (const { key, value, headers } of records) {
      this.records.push({
        offset: this.high,
        key: toBuffer(key),
        value: toBuffer(value),
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, text]) => [name, toBuffer(text) ?? Buffer.alloc(0)]),
        ),
        timestampMs,
      });
      this.high += 1;
    }
    return base;
  }

  /** Records from an offset on, at most so many. */
  read(offset: number, limit: number): StoredRecord[] {
    let from = 0;
    let to = this.records.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.records[middle]?.offset ?? 0) < offset) from = middle + 1;
      else to = middle;
    }
    return this.records.slice(from, from + limit);
  }

  firstAtOrAfter(timeMs: number): number {
    return this.records.find((record) => record.timestampMs >= timeMs)?.offset ?? this.high;
  }

  /** Keeps the last record of each key, and everything from `activeFrom` on, as Kafka's cleaner does. */
  compact(activeFrom: number): void {
    const last = new Map<string, number>();
    for (const { key, offset } of this.records) if (key) last.set(key.toString('latin1'), offset);
    this.records = this.records.filter(
      ({ key, offset }) =>
        offset >= activeFrom || (key !== null && last.get(key.toString('latin1')) === offset),
    );
  }

  /** Drops what is older, as retention does. */
  truncateBefore(offset: number): void {
    this.records = this.records.filter((record) => record.offset >= offset);
    this.low = Math.max(this.low, offset);
  }
}

function toBuffer(part: Buffer | string | null): Buffer | null {
  return typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
}
