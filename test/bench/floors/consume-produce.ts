import type { EachBatchPayload, Message } from 'kafkajs';
import { endOnFailure } from '../children.ts';
import {
  connectedProducer,
  createTopics,
  endsOf,
  PLAIN_CONSUMER,
  plainKafka,
  readAll,
  unique,
} from '../kafka.ts';
import { cpuSeconds, SteadyRate } from '../steady.ts';

// A process of its own, as a controller is: reads facts and writes, for each, the decision and the commands
// that the control loop wrote for the fact at its place, without looking at any of them.

/** Bytes of one request: brokers take a batch of 1 MiB. */
const BYTES_PER_SEND = 512 * 1024;
const PARTITIONS = 12;

const [brokers = '', facts = '', decisions = '', commands = ''] = process.argv.slice(2);
const kafka = plainKafka(brokers);

/** Records of a topic by partition, ready to be sent again: those of each connection's first decision. */
async function recorded(topic: string, wanted: RegExp): Promise<Message[][]> {
  const found: Message[][] = Array.from({ length: PARTITIONS }, () => []);
  await readAll(kafka, topic, (records) => {
    for (const { partition, key, value, headers } of records) {
      if (wanted.test(String(headers?.ce_id)))
        found[partition]?.push({
          key,
          value,
          partition,
          headers: headers as NonNullable<Message['headers']>,
        });
    }
  });
  return found;
}

const decisionsOf = await recorded(decisions, /\/1$/);
const allCommands = (await recorded(commands, /\/1\/[^/]+\/[^/]+$/)).flat();
const [decisionsAgain, commandsAgain] = [unique('decisions'), unique('commands')];
await createTopics(kafka, [decisionsAgain, commandsAgain], PARTITIONS);
const ends = await endsOf(kafka, facts);
const total = [...ends.values()].reduce((sum, end) => sum + end, 0);
const commandsPerFact = allCommands.length / total;
const producer = await connectedProducer(kafka);
const consumer = kafka.consumer({ groupId: unique('floor'), ...PLAIN_CONSUMER });
await consumer.connect();
await consumer.subscribe({ topic: facts, fromBeginning: true });

/** How many of these fit in one request. */
function fitting(messages: readonly Message[]): number {
  let bytes = 0;
  const over = messages.findIndex(({ value }) => {
    bytes += value?.length ?? 0;
    return bytes > BYTES_PER_SEND;
  });
  return over < 1 ? messages.length : over;
}

let handled = 0;
let written = 0;
const steady = new SteadyRate(total);
const taken: number[] = new Array(PARTITIONS).fill(0);
await consumer.run({
  autoCommit: false,
  partitionsConsumedConcurrently: PARTITIONS,
  eachBatch: endOnFailure(async ({ batch }: EachBatchPayload) => {
    const { partition } = batch;
    for (let left = batch.messages.length; left > 0; ) {
      const at = taken[partition] ?? 0;
      const decided = decisionsOf[partition]?.slice(at, at + left) ?? [];
      const count = decided.length === 0 ? left : fitting(decided);
      taken[partition] = at + count;
      const firstCommand = Math.round(handled * commandsPerFact);
      handled += count;
      const toCommand = allCommands.slice(firstCommand, Math.round(handled * commandsPerFact));
      if (decided.length > 0)
        await producer.send({ topic: decisionsAgain, acks: -1, messages: decided.slice(0, count) });
      if (toCommand.length > 0) await producer.send({ topic: commandsAgain, acks: -1, messages: toCommand });
      written += count;
      left -= count;
      if (steady.add({ done: written, cpuS: cpuSeconds() })) process.send?.(steady.figures());
    }
  }),
});
