import { Kafka, logLevel, type Producer } from 'kafkajs';

/** Plain kafkajs with the settings that libs/log uses, for the floors. */
export function plainKafka(brokers: string): Kafka {
  return new Kafka({
    clientId: 'bench',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 5, maxRetryTime: 500, retries: 5 },
  });
}

export const PLAIN_CONSUMER = { maxWaitTimeInMs: 100, minBytes: 1, sessionTimeout: 30_000 } as const;

/** A name that no other run has. */
export function unique(what: string): string {
  return `bench-${what}-${process.pid}-${Date.now().toString(36)}`;
}

export async function createTopics(
  kafka: Kafka,
  topics: readonly string[],
  partitions: number,
): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: partitions })) });
  await admin.disconnect();
}

/** Where each partition of a topic ends now. */
export async function endsOf(kafka: Kafka, topic: string): Promise<Map<number, number>> {
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
}

export async function connectedProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  return producer;
}

/** Reads a topic from its beginning until what stands there now was read, one batch at a time. */
export async function readAll(
  kafka: Kafka,
  topic: string,
  onRecords: (records: readonly ReadRecord[]) => Promise<void> | void,
): Promise<void> {
  const ends = await endsOf(kafka, topic);
  const left = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition));
  if (left.size === 0) return;
  const consumer = kafka.consumer({ groupId: unique('read'), ...PLAIN_CONSUMER });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    void consumer
      .run({
        autoCommit: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: async ({ batch }) => {
          try {
            await onRecords(batch.messages.map((message) => ({ ...message, partition: batch.partition })));
          } catch (error) {
            reject(error);
          }
          if (Number(batch.lastOffset()) + 1 >= (ends.get(batch.partition) ?? 0))
            left.delete(batch.partition);
          if (left.size === 0) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
}

export interface ReadRecord {
  readonly partition: number;
  readonly offset: string;
  /** Milliseconds since 1970, of the writer. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Record<string, unknown>;
}
