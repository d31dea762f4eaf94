import { createRequire } from 'node:module';
import type { Kafka, TopicMessages } from 'kafkajs';
import type { EncodedRecord } from '../port.ts';
import { KAFKA_LIMITS } from './options.ts';
import { Publisher } from './producers.ts';

type Maker = (options: object) => (what: never) => Promise<unknown>;
type Failure = new (message: string, at: object) => Error;

const source = createRequire(import.meta.url);
const sendMessages: Maker = source('kafkajs/src/producer/sendMessages.js');
const createRetry: Maker = source('kafkajs/src/retry/index.js');
const { KafkaJSConnectionClosedError }: { KafkaJSConnectionClosedError: Failure } =
  source('kafkajs/src/errors.js');

type Batch = { topicMessages: TopicMessages[] };

/** A Kafka of one producer, whose sends are the test's. */
function kafkaOf(sendBatch: (batch: Batch) => Promise<unknown>): Kafka {
  const lifecycle = { connect: async () => undefined, disconnect: async () => undefined };
  return { producer: () => ({ ...lifecycle, sendBatch }) } as unknown as Kafka;
}

function record(partition: number, key: string): EncodedRecord {
  return { topic: 't', partition, key: Buffer.from(key), value: null, headers: {} };
}

interface Sent {
  readonly topic: string;
  readonly partitions: { partition: number; messages: { key: Buffer }[] }[];
}

/** kafkajs's own sending, over two brokers: the first dies in its first request, and the second leads all from then on. */
function dyingLeader() {
  const taken: string[] = [];
  let leaderOfFirst = 1;
  const lead = () => [
    { partitionId: 0, leader: leaderOfFirst },
    { partitionId: 1, leader: 2 },
  ];
  const broker = (nodeId: number) => ({
    nodeId,
    produce: async ({ topicData }: { topicData: Sent[] }) => {
      if (nodeId === 1) {
        leaderOfFirst = 2;
        await new Promise(setImmediate);
        throw new KafkaJSConnectionClosedError('closed', { host: 'a', port: 1 });
      }
      const topics = topicData.map(({ topic, partitions }) => ({
        topicName: topic,
        partitions: partitions.map(({ partition, messages }) => {
          const baseOffset = `${10 * partition + taken.length}`;
          taken.push(...messages.map((each) => `${partition}:${each.key}`));
          return { partition, errorCode: 0, baseOffset };
        }),
      }));
      return { topics };
    },
  });
  const brokers = [broker(1), broker(2)];
  const nothing = async () => undefined;
  const cluster = {
    targetTopics: new Set(['t']),
    addMultipleTargetTopics: nothing,
    refreshMetadataIfNecessary: nothing,
    refreshMetadata: nothing,
    isConnected: () => true,
    connect: nothing,
    removeBroker: nothing,
    findTopicPartitionMetadata: lead,
    findLeaderForPartitions: (_topic: string, partitions: string[]) => {
      const byLeader: Record<number, number[]> = {};
      for (const each of partitions) {
        const leader = lead()[Number(each)]?.leader ?? 0;
        byLeader[leader] = [...(byLeader[leader] ?? []), Number(each)];
      }
      return byLeader;
    },
    findBroker: async ({ nodeId }: { nodeId: string }) => brokers[Number(nodeId) - 1],
  };
  const eosManager = {
    acquireBrokerLock: nothing,
    releaseBrokerLock: nothing,
    isTransactional: () => false,
    getSequence: () => 0,
    updateSequence: nothing,
    getProducerId: () => -1,
    getProducerEpoch: () => 0,
  };
  const silent = () => undefined;
  const logger = { debug: silent, error: silent, warn: silent, info: silent };
  const partitioner = ({ message }: { message: { partition: number } }) => message.partition;
  const retrier = createRetry({ initialRetryTime: 1, retries: 5 });
  const send = sendMessages({ logger, cluster, partitioner, eosManager, retrier });
  return { taken, kafka: kafkaOf((batch) => send({ acks: -1, timeout: 1_000, ...batch } as never)) };
}

describe('publish', () => {
  const fails = (error: Error) =>
    new Publisher(kafkaOf(() => Promise.reject(error))).publish([record(0, 'a')]);
  const named = (name: string, message: string, more: object) =>
    Object.assign(new Error(message), { name, ...more });

  it('tells a record that Kafka will never take from a Kafka that can’t be reached', async () => {
    const tooLarge = named('KafkaJSProtocolError', 'too large', { type: 'MESSAGE_TOO_LARGE' });
    const away = named('KafkaJSConnectionError', 'refused', { code: 'ECONNREFUSED' });
    for (const [cause, name] of [
      [tooLarge, 'RecordsRefused'],
      [away, 'LogUnavailable'],
    ] as const) {
      await expect(fails(cause)).rejects.toMatchObject({ name });
      await expect(fails(named('KafkaJSNonRetriableError', 'wrapped', { cause }))).rejects.toMatchObject({
        name,
      });
    }
  });

  it('sends again what kafkajs sent to nobody, because its leader moved to a broker that had answered', async () => {
    const { kafka, taken } = dyingLeader();
    const positions = await new Publisher(kafka).publish([record(0, 'a'), record(1, 'b'), record(0, 'c')]);
    expect(taken).toEqual(['1:b', '0:a', '0:c']);
    expect(positions).toEqual([
      { topic: 't', partition: 0, offset: 1 },
      { topic: 't', partition: 1, offset: 10 },
      { topic: 't', partition: 0, offset: 2 },
    ]);
  });

  it.each([
    ['no answer', []],
    ['an answer without an offset', [{ topicName: 't', partition: 0, errorCode: 0, baseOffset: '-1' }]],
  ])('does not say that a record stands which got %s, and gives up within bounds', async (_what, answer) => {
    let sends = 0;
    const publisher = new Publisher(
      kafkaOf(async () => {
        sends += 1;
        return answer;
      }),
    );
    await expect(publisher.publish([record(0, 'a')])).rejects.toMatchObject({
      name: 'LogUnavailable',
      message: expect.stringContaining('no broker answered for 1 records'),
    });
    expect(sends).toBe(KAFKA_LIMITS.publishRetries + 1);
  });
});
