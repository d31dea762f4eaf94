import type { EachBatchPayload } from 'kafkajs';
import { endOnFailure } from '../children.ts';
import { connectedProducer, createTopics, endsOf, PLAIN_CONSUMER, plainKafka, unique } from '../kafka.ts';
import { cpuSeconds, SteadyRate } from '../steady.ts';
import { Replay, recorded } from './replay.ts';

// A process of its own, as a controller is: reads facts and writes, for each, the decision and the commands
// that the control loop wrote for the fact at its place, without looking at any of them.

const PARTITIONS = 12;

const [brokers = '', facts = '', decisions = '', commands = ''] = process.argv.slice(2);
const kafka = plainKafka(brokers);

// Those of each connection's first decision.
const firstDecisions = await recorded(kafka, decisions, PARTITIONS, ({ id }) => /\/1$/.test(id));
const firstCommands = await recorded(kafka, commands, PARTITIONS, ({ id }) => /\/1\/[^/]+\/[^/]+$/.test(id));
const allCommands = firstCommands.flat();
const again = { decisions: unique('decisions'), commands: unique('commands') };
await createTopics(kafka, [again.decisions, again.commands], PARTITIONS);
const ends = await endsOf(kafka, facts);
const total = [...ends.values()].reduce((sum, end) => sum + end, 0);
const commandsPerFact = allCommands.length / total;
const producer = await connectedProducer(kafka);
const replay = new Replay(
  producer,
  { decisions: firstDecisions, commands: allCommands, commandsPerFact },
  again,
);
const consumer = kafka.consumer({ groupId: unique('floor'), ...PLAIN_CONSUMER });
await consumer.connect();
await consumer.subscribe({ topic: facts, fromBeginning: true });

let written = 0;
const steady = new SteadyRate(total);
await consumer.run({
  autoCommit: false,
  partitionsConsumedConcurrently: PARTITIONS,
  eachBatch: endOnFailure(async ({ batch }: EachBatchPayload) => {
    await replay.handle(batch.partition, batch.messages.length, (count) => {
      written += count;
      if (steady.add({ done: written, cpuS: cpuSeconds() })) process.send?.(steady.figures());
    });
  }),
});
