import { TruthUnreadable } from '../errors.ts';
import type { Batch, Consumer, Log, LogRecord } from '../port.ts';

interface Reading {
  next: number;
  readonly until: number;
  onRecord(record: LogRecord): void;
  resolve(): void;
  reject(error: unknown): void;
}

/** The owner that read has left; nobody waits for this any more. */
export class ReadingCancelled extends Error {}

/**
 * Reads stretches of log and snapshot partitions, one stretch per partition at a time, over one consumer
 * that holds them all paused.
 */
export class PartitionReader {
  private readonly readings = new Map<string, Reading>();
  private tail!: Consumer;

  static async open(log: Log, topics: readonly string[]): Promise<PartitionReader> {
    const reader = new PartitionReader();
    reader.tail = await log.tail({
      topics,
      from: 'earliest',
      paused: true,
      trusted: true,
      onBatch: (batch) => reader.onBatch(batch),
    });
    return reader;
  }

  /** Gives every record from `from` up to, not including, `until`, which a high watermark has covered. */
  read(
    topic: string,
    partition: number,
    range: { readonly from: number; readonly until: number },
    onRecord: (record: LogRecord) => void,
  ): Promise<void> {
    if (range.from >= range.until) return Promise.resolve();
    const key = `${topic}/${partition}`;
    // Whoever reads it would wait for ever.
    if (this.readings.has(key)) return Promise.reject(new Error(`${key} is being read already`));
    return new Promise((resolve, reject) => {
      this.readings.set(key, {
        next: range.from,
        until: range.until,
        onRecord,
        resolve,
        reject,
      });
      this.tail.seek(topic, partition, range.from);
    });
  }

  cancel(topic: string, partition: number): void {
    const key = `${topic}/${partition}`;
    const reading = this.readings.get(key);
    this.readings.delete(key);
    this.tail.pause(topic, partition);
    reading?.reject(new ReadingCancelled());
  }

  async stop(): Promise<void> {
    await this.tail.stop();
    for (const reading of this.readings.values()) reading.reject(new ReadingCancelled());
    this.readings.clear();
  }

  private async onBatch(batch: Batch): Promise<void> {
    const key = `${batch.topic}/${batch.partition}`;
    const reading = this.readings.get(key);
    if (!reading) return;
    try {
      if (batch.fetchedOffset > reading.next) {
        const detail = `the records before ${batch.fetchedOffset} are gone`;
        throw new TruthUnreadable(batch.topic, batch.partition, reading.next, 'unreadable-record', detail);
      }
      for (const record of batch.records) {
        if (record.offset >= reading.next && record.offset < reading.until) reading.onRecord(record);
      }
      reading.next = batch.nextOffset;
    } catch (error) {
      this.finish(key, batch);
      reading.reject(error);
      return;
    }
    if (reading.next >= reading.until) {
      this.finish(key, batch);
      reading.resolve();
    }
  }

  private finish(key: string, batch: Batch): void {
    this.readings.delete(key);
    this.tail.pause(batch.topic, batch.partition);
  }
}
