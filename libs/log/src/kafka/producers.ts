import type { Kafka, Message, Producer, TopicMessages } from 'kafkajs';
import { sizeOf } from '../codec/encode.ts';
import { LogUnavailable, RecordsRefused } from '../errors.ts';
import type { EncodedRecord, RecordPosition } from '../port.ts';
import { KAFKA_LIMITS, within } from './options.ts';

/** The partition is always said, so kafkajs's partitioner has nothing to choose. */
const partitioner =
  () =>
  ({ message }: { message: Message }): number =>
    message.partition ?? 0;

/**
 * A producer that is thrown away after a failure: the next send dials anew, and the old connection,
 * closed, is less likely to let a rejected send land late. Never idempotent (it lost an acknowledged record).
 */
export class ProducerSlot {
  private current: Promise<Producer> | undefined;
  private closed = false;

  constructor(
    private readonly kafka: Kafka,
    private readonly retries: number,
  ) {}

  async send(topicMessages: TopicMessages[]) {
    const opening = this.open();
    try {
      return await (await opening).sendBatch({
        acks: -1,
        timeout: KAFKA_LIMITS.requestTimeoutMs,
        topicMessages,
      });
    } catch (error) {
      this.discard(opening);
      throw error;
    }
  }

  private open(): Promise<Producer> {
    if (this.closed) return Promise.reject(new LogUnavailable('the log is closed'));
    this.current ??= (async () => {
      const producer = this.kafka.producer({
        idempotent: false,
        allowAutoTopicCreation: false,
        createPartitioner: partitioner,
        retry: {
          initialRetryTime: 5,
          maxRetryTime: KAFKA_LIMITS.publishRetryMaxMs,
          retries: this.retries,
        },
      });
      await producer.connect();
      return producer;
    })();
    return this.current;
  }

  private discard(opening: Promise<Producer>): void {
    if (this.current === opening) this.current = undefined;
    void opening.then((producer) => producer.disconnect()).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.closed = true;
    const opening = this.current;
    this.current = undefined;
    if (opening)
      await within(
        opening.then((producer) => producer.disconnect()),
        KAFKA_LIMITS.disconnectMs,
      );
  }
}

function toMessages(records: readonly EncodedRecord[]): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const { topic, partition, key, value, headers } of records) {
    const messages = byTopic.get(topic) ?? [];
    if (messages.length === 0) byTopic.set(topic, messages);
    messages.push({ partition, key, value, headers: headers as Record<string, Buffer | string> });
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}

/** One attempt per call, one partition per call; the answer is the base offset. */
export class Appender {
  private readonly slot: ProducerSlot;

  constructor(kafka: Kafka) {
    this.slot = new ProducerSlot(kafka, 0);
  }

  async append(records: readonly EncodedRecord[]): Promise<number> {
    const [answer] = await this.slot.send(toMessages(records));
    if (answer?.baseOffset === undefined) throw new LogUnavailable('the answer holds no offset');
    return Number(answer.baseOffset);
  }

  close(): Promise<void> {
    return this.slot.close();
  }
}

/** What Kafka answers to a record that it would refuse again. */
const UNFIT: ReadonlySet<unknown> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
]);

/** kafkajs wraps an answer of Kafka in errors of its own, as it does a connection that can't be made. */
function isUnfit(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (UNFIT.has((each as Error & { type?: unknown }).type)) return true;
  }
  return false;
}

/** One caller's records may fail a request that others' share: unfit ones, or those of a topic that is not there. */
function isOnesOwn(error: LogUnavailable): boolean {
  if (error instanceof RecordsRefused) return true;
  return error.cause instanceof Error && error.cause.name === 'KafkaJSNonRetriableError';
}

interface Waiting {
  readonly records: readonly EncodedRecord[];
  readonly bytes: number;
  resolve(positions: RecordPosition[]): void;
  reject(error: Error): void;
}

/**
 * Sends one request at a time; what arrives meanwhile leaves together in the next. Retried within bounds,
 * so a record may stand twice, and a partition keeps the order of the calls.
 */
export class Publisher {
  private readonly slot: ProducerSlot;
  private readonly waiting: Waiting[] = [];
  private sending = false;
  private waitingRecords = 0;

  constructor(kafka: Kafka) {
    this.slot = new ProducerSlot(kafka, KAFKA_LIMITS.publishRetries);
  }

  async publish(records: readonly EncodedRecord[]): Promise<RecordPosition[]> {
    if (records.length === 0) return [];
    if (this.waitingRecords + records.length > KAFKA_LIMITS.publishWaitingRecords) {
      throw new LogUnavailable(`${this.waitingRecords} records wait already`);
    }
    const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
    this.waitingRecords += records.length;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const one = { records, bytes, resolve, reject };
        this.waiting.push(one);
        // A Kafka that is frozen answers nothing for long; what is under way may still land.
        timer = setTimeout(() => {
          const at = this.waiting.indexOf(one);
          if (at >= 0) this.waiting.splice(at, 1);
          reject(new LogUnavailable(`Kafka did not take it within ${KAFKA_LIMITS.publishLimitMs} ms`));
        }, KAFKA_LIMITS.publishLimitMs);
        if (!this.sending) void this.drain();
      });
    } finally {
      clearTimeout(timer);
      this.waitingRecords -= records.length;
    }
  }

  private async drain(): Promise<void> {
    this.sending = true;
    // What the same turn of the event loop still publishes leaves together.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const group = this.takeGroup();
      const error = await this.sendGroup(group);
      if (!error) continue;
      const alone = group.length > 1 && isOnesOwn(error);
      for (const one of group) {
        const mine = alone ? await this.sendGroup([one]) : error;
        if (mine) one.reject(mine);
      }
    }
    this.sending = false;
  }

  private takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    let records = 0;
    let bytes = 0;
    for (let next = this.waiting[0]; next; next = this.waiting[0]) {
      const tooMany = records + next.records.length > KAFKA_LIMITS.publishRecords;
      if (group.length > 0 && (tooMany || bytes + next.bytes > KAFKA_LIMITS.publishBytes)) break;
      records += next.records.length;
      bytes += next.bytes;
      group.push(next);
      this.waiting.shift();
    }
    return group;
  }

  private async sendGroup(group: readonly Waiting[]): Promise<LogUnavailable | undefined> {
    try {
      const positionOf = await this.sendInParts(group.flatMap((one) => one.records));
      for (const one of group) one.resolve(one.records.map(positionOf));
      return undefined;
    } catch (error) {
      const Failure = isUnfit(error) ? RecordsRefused : LogUnavailable;
      return new Failure(`Kafka did not take the records: ${String(error)}`, { cause: error });
    }
  }

  /** @returns what says, record by record in the order sent, where each one stands. */
  private async sendInParts(
    records: readonly EncodedRecord[],
  ): Promise<(record: EncodedRecord) => RecordPosition> {
    const positions = new Map<EncodedRecord, RecordPosition>();
    for (let from = 0; from < records.length; ) {
      let bytes = 0;
      let to = from;
      for (; to < records.length && to - from < KAFKA_LIMITS.publishRecords; to += 1) {
        bytes += sizeOf(records[to] as EncodedRecord);
        if (to > from && bytes > KAFKA_LIMITS.publishBytes) break;
      }
      await this.sendWhole(records.slice(from, to), positions);
      from = to;
    }
    return (record) => positions.get(record) as RecordPosition;
  }

  /**
   * kafkajs retries a send of several brokers, but asks none again that answered: what moves to such a one
   * meanwhile is sent to nobody, and the send succeeds. So what has no answer is sent again here.
   */
  private async sendWhole(
    part: readonly EncodedRecord[],
    positions: Map<EncodedRecord, RecordPosition>,
  ): Promise<void> {
    let rest = part;
    for (let retry = 0; rest.length > 0; retry += 1) {
      if (retry > KAFKA_LIMITS.publishRetries) {
        throw new LogUnavailable(`no broker answered for ${rest.length} records`);
      }
      const answers = await this.slot.send(toMessages(rest));
      const nextOffset = new Map(
        answers.map((one) => [`${one.topicName}/${one.partition}`, Number(one.baseOffset)]),
      );
      rest = rest.filter((record) => {
        const at = `${record.topic}/${record.partition}`;
        const offset = nextOffset.get(at);
        if (offset === undefined || !(offset >= 0)) return true;
        nextOffset.set(at, offset + 1);
        positions.set(record, { topic: record.topic, partition: record.partition, offset });
        return false;
      });
    }
  }

  close(): Promise<void> {
    return this.slot.close();
  }
}
