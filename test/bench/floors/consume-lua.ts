import { Redis } from 'ioredis';
import type { EachBatchPayload } from 'kafkajs';
import { endOnFailure } from '../children.ts';
import { endsOf, PLAIN_CONSUMER, plainKafka, readAll, unique } from '../kafka.ts';
import { built } from '../libs.ts';
import { cpuSeconds, SteadyRate } from '../steady.ts';

// A process of its own, as a projector is: reads decisions and calls, for each run of them, the Lua that the
// projector calls, with arguments made beforehand.

type Registry = typeof import('../../../libs/registry/src/decisions.ts');
type Client = typeof import('../../../libs/registry/src/client.ts');
type Command = import('../../../libs/registry/src/client.ts').RedisCommand;

const RECORDS_PER_PIPELINE = 500;
const [brokers = '', topic = '', redisUrl = ''] = process.argv.slice(2);
const { applyDecisions } = await built<Registry>('libs/registry/src/decisions.js');
const { RedisClient } = await built<Client>('libs/registry/src/client.js');
const kafka = plainKafka(brokers);

/** What libs/registry would send for these records. */
async function commandsOf(records: Parameters<Registry['applyDecisions']>[1]): Promise<Command[]> {
  const found: Command[] = [];
  const recorder = {
    clustered: false,
    run: async (commands: readonly Command[]) => {
      found.push(...commands);
      return commands.map(([name]) => (name.startsWith('apply') ? new Array(64).fill(0) : 0));
    },
  };
  await applyDecisions(recorder as unknown as InstanceType<Client['RedisClient']>, records);
  return found;
}

/** The calls for a run of records, and how many records it is. */
interface Pipeline {
  readonly records: number;
  readonly commands: Command[];
}

const pipelines = new Map<number, Pipeline[]>();
await readAll(kafka, topic, async (records) => {
  const decisions = records.filter(({ key }) => !key?.toString().startsWith('claim/'));
  for (let from = 0; from < decisions.length; from += RECORDS_PER_PIPELINE) {
    const part = decisions.slice(from, from + RECORDS_PER_PIPELINE).map((record) => {
      const dataJson = String(record.value);
      const data = JSON.parse(dataJson);
      const name = String(record.headers?.ce_type).split('.')[1] ?? '';
      const { partition, offset, timestamp, key } = record;
      const id = String(record.headers?.ce_id);
      const position = { partition, offset: Number(offset), timeMs: Number(timestamp) };
      return { key: String(key), event_id: id, name, version: data.version, ...position, data, dataJson };
    });
    const [first] = decisions;
    if (first === undefined) continue;
    const ofPartition = pipelines.get(first.partition) ?? [];
    pipelines.set(first.partition, ofPartition);
    ofPartition.push({ records: part.length, commands: await commandsOf(part) });
  }
});

const redis = new Redis(redisUrl);
await redis.flushdb();
redis.disconnect();
const client = new RedisClient(redisUrl, (error) => console.error(error));
while (!client.connected) await new Promise((resolve) => setTimeout(resolve, 5));

const ends = await endsOf(kafka, topic);
const total = [...ends.values()].reduce((sum, end) => sum + end, 0);
const consumer = kafka.consumer({ groupId: unique('floor'), ...PLAIN_CONSUMER });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
let read = 0;
const steady = new SteadyRate(total);
const waiting = new Map<number, number>();
await consumer.run({
  autoCommit: false,
  partitionsConsumedConcurrently: 12,
  eachBatch: endOnFailure(async ({ batch }: EachBatchPayload) => {
    const ofPartition = pipelines.get(batch.partition) ?? [];
    let records = (waiting.get(batch.partition) ?? 0) + batch.messages.length;
    const atEnd = Number(batch.lastOffset()) + 1 >= (ends.get(batch.partition) ?? 0);
    // A record counts as read once its calls were answered: batches are cut otherwise than they were at first.
    for (let next = ofPartition[0]; next && (records >= next.records || atEnd); next = ofPartition[0]) {
      ofPartition.shift();
      await client.run(next.commands);
      records -= next.records;
    }
    waiting.set(batch.partition, Math.max(0, records));
    read += batch.messages.length;
    if (steady.add({ done: read, cpuS: cpuSeconds() })) process.send?.(steady.figures());
  }),
});
