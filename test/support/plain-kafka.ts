import { randomUUID } from 'node:crypto';
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { messageType } from '#libs/contracts';

/** A Kafka client that knows nothing of Trunkline, as other people's programs are. */
export class PlainKafka {
  private readonly kafka: Kafka;

  constructor(brokers: string) {
    this.kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  }

  /** One CloudEvent in binary mode. */
  async publish(topic: string, key: string, name: string, data: object): Promise<void> {
    const headers = {
      ce_specversion: '1.0',
      ce_type: messageType(name),
      ce_source: '/plain-client',
      ce_id: randomUUID(),
      'content-type': 'application/json',
    };
    await this.send(topic, [{ key, value: JSON.stringify(data), headers }]);
  }

  /** Records as they are given, placed by their keys. */
  async send(
    topic: string,
    messages: { key: string | null; value: string | Buffer | null; headers: Record<string, string> }[],
  ): Promise<void> {
    const producer = this.kafka.producer();
    await producer.connect();
    try {
      await producer.send({ topic, messages });
    } finally {
      await producer.disconnect();
    }
  }

  /** Everything that stands in a topic now. */
  async readAll(topic: string): Promise<KafkaMessage[]> {
    const missing = await this.remaining(topic);
    if (missing.size === 0) return [];
    const consumer = this.kafka.consumer({ groupId: `plain-${randomUUID()}`, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const found: KafkaMessage[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
        const eachMessage = async ({ partition, message }: { partition: number; message: KafkaMessage }) => {
          found.push(message);
          if (Number(message.offset) + 1 >= (missing.get(partition) ?? 0)) missing.delete(partition);
          if (missing.size === 0) resolve();
        };
        consumer.run({ autoCommit: false, eachMessage }).catch(reject);
      });
    } finally {
      await consumer.disconnect();
    }
    return found;
  }

  /** Watches a topic from now on. `reading` resolves once it is watched, `found` at the first record wanted. */
  firstAfter(topic: string, wanted: (record: KafkaMessage) => boolean) {
    const consumer = this.kafka.consumer({ groupId: `plain-${randomUUID()}`, maxWaitTimeInMs: 20 });
    let begin: () => void;
    const reading = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const found = new Promise<KafkaMessage>((resolve, reject) => {
      consumer.on(consumer.events.FETCH, () => begin());
      const eachMessage = async ({ message }: { message: KafkaMessage }) => {
        if (wanted(message)) resolve(message);
      };
      consumer
        .connect()
        .then(() => consumer.subscribe({ topic, fromBeginning: false }))
        .then(() => consumer.run({ autoCommit: false, eachMessage }))
        .catch(reject);
    });
    const ended = found.then(() => consumer.disconnect());
    ended.catch(() => undefined);
    return { reading, found };
  }

  /** The end offset of each partition that holds anything. */
  private async remaining(topic: string): Promise<Map<number, number>> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      const offsets = await admin.fetchTopicOffsets(topic);
      const filled = offsets.filter(({ low, high }) => Number(high) > Number(low));
      return new Map(filled.map(({ partition, high }) => [partition, Number(high)]));
    } finally {
      await admin.disconnect();
    }
  }
}
