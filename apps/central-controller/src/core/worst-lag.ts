import type { Gauge } from '#libs/platform';

/** Several consumers of one process read the same partition: the one that is furthest behind is told of. */
export class WorstLag {
  private readonly partitions = new Map<string, Map<string, number>>();

  constructor(private readonly gauge: Gauge<'topic' | 'partition'>) {}

  /** @param records undefined: the consumer has the partition no more. */
  set(consumer: string, topic: string, partition: number, records: number | undefined): void {
    const key = `${topic}/${partition}`;
    const lags = this.partitions.get(key) ?? new Map<string, number>();
    if (records === undefined) lags.delete(consumer);
    else lags.set(consumer, records);
    if (lags.size === 0) {
      this.partitions.delete(key);
      this.gauge.remove({ topic, partition });
      return;
    }
    this.partitions.set(key, lags);
    this.gauge.set({ topic, partition }, Math.max(...lags.values()));
  }
}
