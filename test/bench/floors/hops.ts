import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connectedProducer, createTopics, PLAIN_CONSUMER, plainKafka, unique } from '../kafka.ts';

const WARM_UP = 50;
const PARTITIONS = 12;
const ANSWER_LIMIT_MS = 5_000;
/** As large as a usual fact. */
const VALUE = Buffer.alloc(280, 'x');

/**
 * The floor of every latency: a record to another process by one topic, and back by another, one at a time,
 * plain kafkajs with acks of all. Milliseconds from the send to the arrival.
 */
export async function twoRawHops(brokers: string, samples: number): Promise<number[]> {
  const kafka = plainKafka(brokers);
  const [there, back] = [unique('there'), unique('back')];
  await createTopics(kafka, [there, back], PARTITIONS);
  const echo = fork(fileURLToPath(new URL('./hop-echo.ts', import.meta.url)), [brokers, there, back]);
  await once(echo, 'message');
  const producer = await connectedProducer(kafka);
  const consumer = kafka.consumer({ groupId: unique('back'), ...PLAIN_CONSUMER });
  let arrived: (() => void) | undefined;
  await consumer.connect();
  await consumer.subscribe({ topic: back, fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({ autoCommit: false, eachMessage: async () => arrived?.() });
  await joined;
  const took: number[] = [];
  for (let index = 0; index < WARM_UP + samples; index++) {
    const arrival = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('a raw hop got no answer')), ANSWER_LIMIT_MS);
      arrived = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    const begin = performance.now();
    void producer.send({
      topic: there,
      acks: -1,
      messages: [{ value: VALUE, partition: index % PARTITIONS }],
    });
    await arrival;
    if (index >= WARM_UP) took.push(performance.now() - begin);
  }
  await Promise.all([producer.disconnect(), consumer.disconnect()]);
  echo.disconnect();
  return took;
}
