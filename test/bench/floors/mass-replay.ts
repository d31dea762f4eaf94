import type { EachBatchPayload } from 'kafkajs';
import { endOnFailure } from '../children.ts';
import { connectedProducer, PLAIN_CONSUMER, plainKafka, unique } from '../kafka.ts';
import { isCommandOfMove, isDecisionOfMove } from './mass-records.ts';
import { Replay, recorded } from './replay.ts';

// A process of its own, as a controller is: reads lost links and writes, for each, the decision to move it and the
// commands of that decision, without looking at any of them.

const PARTITIONS = 12;
const COMMANDS_PER_FACT = 2;

const [
  brokers = '',
  group = '',
  facts = '',
  decisions = '',
  commands = '',
  decisionsAgain = '',
  commandsAgain = '',
] = process.argv.slice(2);
const kafka = plainKafka(brokers);
const moves = await recorded(kafka, decisions, PARTITIONS, (record) => isDecisionOfMove(record, group));
const commanded = await recorded(kafka, commands, PARTITIONS, (record) => isCommandOfMove(record, group));
const producer = await connectedProducer(kafka);
const replay = new Replay(
  producer,
  { decisions: moves, commands: commanded.flat(), commandsPerFact: COMMANDS_PER_FACT },
  { decisions: decisionsAgain, commands: commandsAgain },
);
const consumer = kafka.consumer({ groupId: unique('floor'), ...PLAIN_CONSUMER });
await consumer.connect();
await consumer.subscribe({ topic: facts, fromBeginning: true });
consumer.on(consumer.events.GROUP_JOIN, () => process.send?.('ready'));
await consumer.run({
  autoCommit: false,
  partitionsConsumedConcurrently: PARTITIONS,
  eachBatch: endOnFailure(async ({ batch }: EachBatchPayload) =>
    replay.handle(batch.partition, batch.messages.length, () => undefined),
  ),
});
