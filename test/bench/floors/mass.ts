import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../../support/wait-for.ts';
import { connectedProducer, createTopics, PLAIN_CONSUMER, plainKafka, unique } from '../kafka.ts';
import { isLostLink } from './mass-records.ts';
import { recorded } from './replay.ts';

const PARTITIONS = 12;
/** As the bench's sidecars send them. */
const FACTS_PER_SEND = 500;
const LIMIT_MS = 120_000;

export interface MassTopics {
  readonly facts: string;
  readonly decisions: string;
  readonly commands: string;
  /** Server group of the links that moved. */
  readonly group: string;
}

/**
 * The floor of a mass failover: the same lost links to another process, which writes for each the decision and both
 * commands, and those read back; plain kafkajs. Milliseconds from the first send to the arrival of each second command.
 */
export async function massFloor(brokers: string, topics: MassTopics): Promise<number[]> {
  const kafka = plainKafka(brokers);
  const again = ['facts', 'decisions', 'commands'].map((what) => unique(`mass-${what}`));
  const [factsAgain = '', decisionsAgain = '', commandsAgain = ''] = again;
  await createTopics(kafka, again, PARTITIONS);
  const lost = (
    await recorded(kafka, topics.facts, PARTITIONS, (record) => isLostLink(record, topics.group))
  ).flat();
  const child = fork(fileURLToPath(new URL('./mass-replay.ts', import.meta.url)), [
    brokers,
    topics.group,
    factsAgain,
    topics.decisions,
    topics.commands,
    decisionsAgain,
    commandsAgain,
  ]);
  await once(child, 'message');
  const producer = await connectedProducer(kafka);
  const consumer = kafka.consumer({ groupId: unique('back'), ...PLAIN_CONSUMER });
  const arrived: number[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic: commandsAgain, fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: PARTITIONS,
    eachBatch: async ({ batch }) => {
      const nowMs = performance.now();
      for (const _ of batch.messages) arrived.push(nowMs);
    },
  });
  await joined;
  const beganMs = performance.now();
  for (let from = 0; from < lost.length; from += FACTS_PER_SEND) {
    const messages = lost.slice(from, from + FACTS_PER_SEND);
    await producer.send({ topic: factsAgain, acks: -1, messages });
  }
  const isOver = () => arrived.length >= 2 * lost.length;
  await waitFor(isOver, { what: `${2 * lost.length} commands`, withinMs: LIMIT_MS, everyMs: 5 });
  await Promise.all([producer.disconnect(), consumer.disconnect()]);
  child.disconnect();
  return arrived.filter((_, index) => index % 2 === 1).map((atMs) => atMs - beganMs);
}
