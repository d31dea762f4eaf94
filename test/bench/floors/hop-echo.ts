import { connectedProducer, PLAIN_CONSUMER, plainKafka, unique } from '../kafka.ts';

// A process of its own, as a controller is: sends on to the second topic what comes by the first.
const [brokers = '', from = '', to = ''] = process.argv.slice(2);
const kafka = plainKafka(brokers);
const producer = await connectedProducer(kafka);
const consumer = kafka.consumer({ groupId: unique('echo'), ...PLAIN_CONSUMER });
await consumer.connect();
await consumer.subscribe({ topic: from, fromBeginning: true });
consumer.on(consumer.events.GROUP_JOIN, () => process.send?.('ready'));
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch }) => {
    const messages = batch.messages.map(({ key, value }) => ({ key, value, partition: batch.partition }));
    await producer.send({ topic: to, acks: -1, messages });
  },
});
process.on('disconnect', () => process.exit(0));
