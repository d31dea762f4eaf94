import { NO_LIMITS, WIRE_LIMITS } from '../codec/decode.ts';
import { encodeEvent } from '../codec/encode.ts';
import { LogUnavailable, RecordsRefused } from '../errors.ts';
import { partitionOf } from '../murmur2.ts';
import type { LogObserver } from '../observer.ts';
import type {
  Consumer,
  EncodedRecord,
  EnsureTopicsOptions,
  GroupSubscription,
  Log,
  OutgoingEvent,
  PartitionOffsets,
  RecordPosition,
  StartAt,
  TailSubscription,
} from '../port.ts';
import { type LogTracer, publishTraced } from '../tracing.ts';
import type { MemoryBroker } from './broker.ts';
import { MemoryConsumer, type MemoryConsumerSettings } from './consumer.ts';

const PUBLISH_TRIES = 5;

/** The in-memory twin of KafkaLog: the same port, through the same codec. */
export class MemoryLog implements Log {
  private readonly consumers = new Set<MemoryConsumer>();

  constructor(
    private readonly broker: MemoryBroker,
    private readonly client: string,
    private readonly observer: LogObserver,
    readonly tracer?: LogTracer,
  ) {}

  publish(events: readonly OutgoingEvent[]): Promise<RecordPosition[]> {
    return publishTraced(this.tracer, events, (traced) => this.publishAll(traced));
  }

  private async publishAll(events: readonly OutgoingEvent[]): Promise<RecordPosition[]> {
    const nowMs = this.broker.scheduler.nowMs();
    const records = events.map((event) => {
      const count = this.broker.partitionCount(event.topic);
      return encodeEvent(event, event.partition ?? partitionOf(event.key, count), nowMs);
    });
    const positions = await this.write(records);
    for (const { topic } of events) this.observer.published?.(topic, 1);
    return positions;
  }

  async publishRaw(records: readonly EncodedRecord[]): Promise<void> {
    await this.write(records);
  }

  async append(topic: string, partition: number, records: readonly EncodedRecord[]): Promise<number> {
    await this.broker.step(this.client, 'append');
    let base: number | undefined;
    let rejection: unknown;
    try {
      base = this.broker.write({ client: this.client, topic, partition, records, kind: 'append' });
    } catch (error) {
      rejection = error;
    }
    await this.broker.step(this.client, 'append-answer');
    if (base === undefined) throw rejection;
    return base;
  }

  async ensureTopics(region: string, options: EnsureTopicsOptions): Promise<void> {
    await this.broker.step(this.client, 'create-topics');
    this.broker.createRegion(region, options.partitions);
  }

  async consumeGroup(subscription: GroupSubscription): Promise<Consumer> {
    const { onAssigned, onRevoked, startAt = 'earliest' } = subscription;
    return this.start({
      client: this.client,
      topics: subscription.topics,
      groupId: subscription.groupId,
      decode: { parse: subscription.parse, limits: WIRE_LIMITS },
      startsPaused: false,
      startOf: (topic, partition) => this.offsetOf(startAt, topic, partition),
      ...(onAssigned && { onAssigned: (partitions) => onAssigned.call(subscription, partitions) }),
      ...(onRevoked && { onRevoked: (partitions) => onRevoked.call(subscription, partitions) }),
      onBatch: (batch) => subscription.onBatch(batch),
    });
  }

  async tail(subscription: TailSubscription): Promise<Consumer> {
    return this.start({
      client: this.client,
      topics: subscription.topics,
      ...(subscription.partitions && { partitions: subscription.partitions }),
      decode: {
        parse: subscription.parse,
        limits: subscription.trusted ? NO_LIMITS : WIRE_LIMITS,
        read: subscription.read,
      },
      startsPaused: subscription.paused ?? false,
      startOf: (topic, partition) => this.offsetOf(subscription.from, topic, partition),
      onBatch: (batch) => subscription.onBatch(batch),
    });
  }

  async endOffsets(topic: string): Promise<PartitionOffsets[]> {
    await this.broker.step(this.client, 'ends');
    const ends = this.broker.endOffsets(topic);
    await this.broker.step(this.client, 'ends-answer');
    return ends;
  }

  async partitionCount(topic: string): Promise<number> {
    return this.broker.partitionCount(topic);
  }

  partitionOf(key: string, partitions: number): number {
    return partitionOf(key, partitions);
  }

  async close(): Promise<void> {
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
  }

  private async start(settings: MemoryConsumerSettings): Promise<Consumer> {
    const consumer = new MemoryConsumer(this.broker, this.observer, settings);
    this.consumers.add(consumer);
    await consumer.start();
    return consumer;
  }

  private async offsetOf(start: StartAt, topic: string, partition: number): Promise<number | undefined> {
    if (typeof start === 'function') {
      const offset = await start(topic, partition);
      if (offset !== undefined) return offset;
      return this.broker.partition(topic, partition).low;
    }
    const stored = this.broker.partition(topic, partition);
    if (typeof start === 'object') return stored.firstAtOrAfter(start.timeMs);
    return start === 'end' ? stored.high : stored.low;
  }

  /** Each record is a request of its own here, tried again after a rejection: so one may stand twice. */
  private async write(records: readonly EncodedRecord[]): Promise<RecordPosition[]> {
    const positions: RecordPosition[] = [];
    for (const record of records) {
      const { topic, partition } = record;
      let rejection: unknown;
      for (let tries = 0; tries < PUBLISH_TRIES; tries += 1) {
        await this.broker.step(this.client, 'publish');
        try {
          const request = {
            client: this.client,
            topic,
            partition,
            records: [record],
            kind: 'publish',
          } as const;
          positions.push({ topic, partition, offset: this.broker.write(request) });
          rejection = undefined;
          break;
        } catch (error) {
          rejection = error;
          if (error instanceof RecordsRefused) break;
        }
      }
      await this.broker.step(this.client, 'publish-answer');
      if (rejection instanceof RecordsRefused) throw rejection;
      if (rejection) throw new LogUnavailable('the broker did not take the record', { cause: rejection });
    }
    return positions;
  }
}
