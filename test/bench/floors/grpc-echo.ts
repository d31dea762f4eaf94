import { readFileSync } from 'node:fs';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { connectedProducer, PLAIN_CONSUMER, plainKafka, unique } from '../kafka.ts';
import { ECHO } from './grpc-echo-method.ts';

// One process, as the door and the loop of a controller are one: a call becomes a record, which is read, answered by
// another record, and that is read before the call is answered.
const [brokers = '', there = '', back = '', address = '', ca = '', cert = '', key = ''] =
  process.argv.slice(2);
const PARTITIONS = 12;
/** As large as a usual fact, and a usual decision. */
const FACT = Buffer.alloc(280, 'x');
const DECISION = Buffer.alloc(1_300, 'x');

const kafka = plainKafka(brokers);
const [facts, decisions] = [await connectedProducer(kafka), await connectedProducer(kafka)];
const waiting = new Map<string, () => void>();
let asked = 0;

async function consume(
  topic: string,
  take: (keys: string[], partition: number) => Promise<void>,
): Promise<void> {
  const consumer = kafka.consumer({ groupId: unique('grpc-echo'), ...PLAIN_CONSUMER });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch }) =>
      take(
        batch.messages.map((message) => String(message.key)),
        batch.partition,
      ),
  });
  await joined;
}

await consume(there, async (keys, partition) => {
  const messages = keys.map((each) => ({ key: each, value: DECISION, partition }));
  await decisions.send({ topic: back, acks: -1, messages });
});
await consume(back, async (keys) => {
  for (const each of keys) waiting.get(each)?.();
});

const server = new Server();
server.addService(
  { Echo: ECHO },
  {
    Echo: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      asked += 1;
      const id = `${asked}`;
      waiting.set(id, () => {
        waiting.delete(id);
        done(null, call.request);
      });
      const messages = [{ key: id, value: FACT, partition: asked % PARTITIONS }];
      void facts.send({ topic: there, acks: -1, messages });
    },
  },
);
const pair = { cert_chain: readFileSync(cert), private_key: readFileSync(key) };
const credentials = ServerCredentials.createSsl(readFileSync(ca), [pair], true);
server.bindAsync(address, credentials, (error) => {
  if (error) throw error;
  process.send?.('ready');
});
process.on('disconnect', () => process.exit(0));
