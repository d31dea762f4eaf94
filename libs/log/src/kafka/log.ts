import { randomUUID } from 'node:crypto';
import type { Admin, Kafka } from 'kafkajs';
import { NO_LIMITS, WIRE_LIMITS } from '../codec/decode.ts';
import { encodeEvent } from '../codec/encode.ts';
import { LogUnavailable } from '../errors.ts';
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
import { publishTraced } from '../tracing.ts';
import { coPartitionAssigner, selfAssigner } from './assigners.ts';
import { KafkaConsumer } from './consumer.ts';
import { askedUntilLed, type Patience } from './leaderless.ts';
import { KAFKA_LIMITS, type KafkaLogOptions, kafkaClient, sleep, within } from './options.ts';
import { Appender, Publisher } from './producers.ts';
import { ensureTopics, type TopicFault, topicFaults } from './topics.ts';

/** The ends of a topic are asked for so many times, so many milliseconds apart. */
const END_TRIES = 3;
const END_AGAIN_MS = 30;

/** A failed admin client is closed so long after its failure, in milliseconds. */
const ADMIN_LINGER_MS = 1_000;

/** The log on a Kafka cluster. Nothing is dialled before it is needed. */
export class KafkaLog implements Log {
  private readonly kafka: Kafka;
  private readonly observer: LogObserver;
  private readonly publisher: Publisher;
  private readonly appender: Appender;
  private readonly consumers = new Set<KafkaConsumer>();
  private readonly counts = new Map<string, number>();
  private admin: Promise<Admin> | undefined;
  private closed = false;
  /** Questions for a topic's ends that wait for their turn: who asks meanwhile shares the answer. */
  private readonly endsToCome = new Map<string, Promise<PartitionOffsets[]>>();
  private adminTurn: Promise<unknown> = Promise.resolve();
  private readonly patience: Patience;

  constructor(private readonly options: KafkaLogOptions) {
    this.kafka = kafkaClient(options);
    this.observer = options.observer ?? {};
    this.patience = {
      observer: this.observer,
      closed: () => this.closed,
      limitMs: options.leaderlessMs,
    };
    this.publisher = new Publisher(this.kafka);
    this.appender = new Appender(this.kafka);
  }

  get tracer(): KafkaLogOptions['tracer'] {
    return this.options.tracer;
  }

  publish(events: readonly OutgoingEvent[]): Promise<RecordPosition[]> {
    return publishTraced(this.tracer, events, (traced) => this.publishAll(traced));
  }

  private async publishAll(events: readonly OutgoingEvent[]): Promise<RecordPosition[]> {
    const nowMs = Date.now();
    const records: EncodedRecord[] = [];
    for (const event of events) {
      const partition =
        event.partition ??
        partitionOf(event.key, this.counts.get(event.topic) ?? (await this.countNow(event.topic)));
      records.push(encodeEvent(event, partition, nowMs));
    }
    const positions = await this.publisher.publish(records);
    for (const { topic } of events) this.observer.published?.(topic, 1);
    return positions;
  }

  async publishRaw(records: readonly EncodedRecord[]): Promise<void> {
    await this.publisher.publish(records);
  }

  append(_topic: string, _partition: number, records: readonly EncodedRecord[]): Promise<number> {
    return this.appender.append(records);
  }

  async ensureTopics(region: string, options: EnsureTopicsOptions): Promise<void> {
    await ensureTopics((use) => this.asAdmin(use), region, options);
  }

  /** What of the region's topics is missing or stands otherwise; changes nothing. */
  topicFaults(region: string, options: EnsureTopicsOptions): Promise<TopicFault[]> {
    return topicFaults((use) => this.asAdmin(use), region, options);
  }

  async consumeGroup(subscription: GroupSubscription): Promise<Consumer> {
    const { onAssigned, onRevoked, startAt = 'earliest' } = subscription;
    return this.start({
      groupId: subscription.groupId,
      topics: subscription.topics,
      assigner: coPartitionAssigner,
      decode: { parse: subscription.parse, limits: WIRE_LIMITS },
      startOf: (topic, partition) => this.offsetOf(startAt, topic, partition),
      ...(onAssigned && { onAssigned: (partitions) => onAssigned.call(subscription, partitions) }),
      ...(onRevoked && { onRevoked: (partitions) => onRevoked.call(subscription, partitions) }),
      onBatch: (batch) => subscription.onBatch(batch),
      startsPaused: false,
      reportLag: true,
      stallMs: this.options.stallMs ?? KAFKA_LIMITS.stallMs,
    });
  }

  async tail(subscription: TailSubscription): Promise<Consumer> {
    const wanted = subscription.partitions;
    return this.start({
      groupId: `${this.options.clientId}-tail-${randomUUID()}`,
      topics: subscription.topics,
      assigner: selfAssigner((topic) => wanted?.(topic)),
      decode: {
        parse: subscription.parse,
        limits: subscription.trusted ? NO_LIMITS : WIRE_LIMITS,
        read: subscription.read,
      },
      startOf: async (topic, partition) =>
        subscription.paused ? undefined : this.offsetOf(subscription.from, topic, partition),
      onBatch: (batch) => subscription.onBatch(batch),
      startsPaused: subscription.paused ?? false,
      reportLag: !subscription.paused,
      ...(subscription.fetchBytes === undefined ? {} : { fetchBytes: subscription.fetchBytes }),
      ...(subscription.waitMs === undefined ? {} : { waitMs: subscription.waitMs }),
      stallMs: this.options.stallMs ?? KAFKA_LIMITS.stallMs,
    });
  }

  endOffsets(topic: string): Promise<PartitionOffsets[]> {
    return askedUntilLed(`ends of ${topic}`, () => this.endsNow(topic), this.patience);
  }

  /** As endOffsets, but fails at once where a topic has no leader. */
  private endsNow(topic: string): Promise<PartitionOffsets[]> {
    const known = this.endsToCome.get(topic);
    if (known) return known;
    const underWay = () => {
      if (this.endsToCome.get(topic) === coming) this.endsToCome.delete(topic);
    };
    const coming = this.askedAgain(() =>
      this.asAdmin((admin) => {
        underWay();
        return admin.fetchTopicOffsets(topic);
      }),
    )
      .then((found) =>
        found
          .map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
          .sort((a, b) => a.partition - b.partition),
      )
      .finally(underWay);
    this.endsToCome.set(topic, coming);
    return coming;
  }

  partitionCount(topic: string): Promise<number> {
    return askedUntilLed(`partitions of ${topic}`, () => this.countNow(topic), this.patience);
  }

  private async countNow(topic: string): Promise<number> {
    const known = this.counts.get(topic);
    if (known !== undefined) return known;
    const ask = () => this.asAdmin((admin) => admin.fetchTopicMetadata({ topics: [topic] }));
    const { topics } = await this.askedAgain(ask);
    const count = topics[0]?.partitions.length ?? 0;
    if (count === 0) throw new LogUnavailable(`${topic} has no partitions`);
    this.counts.set(topic, count);
    return count;
  }

  partitionOf(key: string, partitions: number): number {
    return partitionOf(key, partitions);
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    await Promise.all([this.publisher.close(), this.appender.close()]);
    const admin = this.admin;
    this.admin = undefined;
    if (admin)
      await within(
        admin.then((one) => one.disconnect()),
        KAFKA_LIMITS.disconnectMs,
      );
  }

  private async start(settings: ConstructorParameters<typeof KafkaConsumer>[1]): Promise<Consumer> {
    const consumer = new KafkaConsumer(
      {
        kafka: this.kafka,
        observer: this.observer,
        endOffsets: (topic) => this.endOffsets(topic),
        endsNow: (topic) => this.endsNow(topic),
      },
      settings,
    );
    this.consumers.add(consumer);
    await consumer.ready;
    return consumer;
  }

  private async offsetOf(start: StartAt, topic: string, partition: number): Promise<number | undefined> {
    if (typeof start === 'function') {
      const offset = await start(topic, partition);
      if (offset !== undefined) return offset;
    }
    if (typeof start === 'object') {
      const found = await this.asAdmin((admin) => admin.fetchTopicOffsetsByTimestamp(topic, start.timeMs));
      return Number(found.find((one) => one.partition === partition)?.offset ?? 0);
    }
    const ends = (await this.endOffsets(topic)).find((one) => one.partition === partition);
    return start === 'end' ? ends?.high : ends?.low;
  }

  /** kafkajs throws a TypeError while it learns of a topic, and a stale leader's answer is a rejection. */
  private async askedAgain<T>(ask: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        if (tries === END_TRIES || this.closed) throw error;
        await sleep(END_AGAIN_MS);
      }
    }
  }

  /** One after the other: calls side by side make kafkajs open connections that it never closes. */
  private asAdmin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    const mine = this.adminTurn.then(() => this.askAdmin(use));
    this.adminTurn = mine.catch(() => undefined);
    return mine;
  }

  /** The admin client is thrown away after a failure, as the producers are. */
  private async askAdmin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.closed) throw new LogUnavailable('the log is closed');
    this.admin ??= (async () => {
      const admin = this.kafka.admin();
      await admin.connect();
      return admin;
    })();
    const opening = this.admin;
    try {
      return await answered(opening.then(use));
    } catch (error) {
      if (this.admin === opening) this.admin = undefined;
      void opening.then(discard).catch(() => undefined);
      throw error;
    }
  }
}

/** Whoever waits behind a call that Kafka never answers would wait for ever too. */
async function answered<T>(call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new LogUnavailable('Kafka does not answer')), KAFKA_LIMITS.adminMs);
  });
  try {
    return await Promise.race([call, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the failed call began may be connecting still, and kafkajs would forget such a connection at once. */
async function discard(admin: Admin): Promise<void> {
  await sleep(ADMIN_LINGER_MS);
  await admin.disconnect();
}
