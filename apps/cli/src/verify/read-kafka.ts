import { parseMessage, topicName } from '#libs/contracts';
import { type Consumer, type Log, type LogRecord, LogUnavailable, type StartAt } from '#libs/log';
import { CliError, EXIT } from '../exit.ts';
import { AUDITED_BY_AGENT, AUDITED_FACTS, AUDITED_TRUTH } from './intake.ts';

/** Nothing was read for so long though the end was not reached: it is given up, in milliseconds. */
const STALL_MS = 30_000;
const LOOK_MS = 1_000;

/** Facts and decisions that one pass holds, about; the partitions are dealt to as many passes as that takes. */
const RECORDS_PER_PASS = 200_000;

export interface KafkaSource {
  readonly log: Log;
  readonly regions: readonly string[];
}

export interface Pass {
  readonly partitions: readonly number[];
  /** The first pass alone keeps what is read again in every pass. */
  readonly isFirst: boolean;
}

/** How many partitions the regions' topics have, and how they are dealt to passes. @throws CliError */
export async function passesOf(
  { log, regions }: KafkaSource,
  recordsPerPass = RECORDS_PER_PASS,
): Promise<{ partitions: number; passes: Pass[] }> {
  const sizes: number[] = [];
  for (const region of regions) {
    for (const base of [...AUDITED_FACTS, ...AUDITED_TRUTH]) {
      const topic = topicName(region, base);
      for (const { partition, low, high } of await endsOf(log, topic, region)) {
        sizes[partition] = (sizes[partition] ?? 0) + high - low;
      }
    }
  }
  return { partitions: sizes.length, passes: dealt(sizes, recordsPerPass) };
}

/** Neighbours share a pass while it has room; a partition is never cut. */
function dealt(sizes: readonly number[], recordsPerPass: number): Pass[] {
  const passes: { partitions: number[]; records: number }[] = [];
  for (const [partition, records] of sizes.entries()) {
    const last = passes.at(-1);
    if (last !== undefined && last.records + records <= recordsPerPass) {
      last.partitions.push(partition);
      last.records += records;
    } else passes.push({ partitions: [partition], records });
  }
  return passes.map(({ partitions }, index) => ({ partitions, isFirst: index === 0 }));
}

/**
 * Reads one pass to the present end. What agents wrote is read before the decisions: whatever they did on a
 * decision's word, that decision is read after it.
 */
export async function readPass(
  { log, regions }: KafkaSource,
  pass: Pass,
  take: (record: LogRecord) => void,
): Promise<void> {
  const topics = (
    bases: readonly (typeof AUDITED_FACTS | typeof AUDITED_BY_AGENT | typeof AUDITED_TRUTH)[number][],
  ) => regions.flatMap((region) => bases.map((base) => topicName(region, base)));
  const own = () => pass.partitions;
  await readToEnd(log, { topics: topics(AUDITED_FACTS), partitions: own }, take);
  // Keyed by agent: a connection's may stand in any partition.
  await readToEnd(log, { topics: topics(AUDITED_BY_AGENT) }, take);
  await readToEnd(log, { topics: topics(AUDITED_TRUTH), partitions: own, trusted: true }, take);
}

interface Wanted {
  readonly topics: readonly string[];
  readonly partitions?: (topic: string) => readonly number[];
  readonly trusted?: boolean;
  /** Default: the earliest. */
  readonly from?: StartAt;
}

/** Reads topics to their present end. @throws LogUnavailable when nothing comes for a while */
export async function readToEnd(log: Log, wanted: Wanted, take: (record: LogRecord) => void): Promise<void> {
  let movedMs = Date.now();
  let timer: NodeJS.Timeout | undefined;
  let consumer: Consumer | undefined;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
    timer = setInterval(() => {
      if (Date.now() - movedMs < STALL_MS) return;
      reject(new LogUnavailable(`nothing of ${wanted.topics.join(', ')} came for ${STALL_MS} ms`));
    }, LOOK_MS);
  });
  failed.catch(() => undefined);
  const onBatch = async ({ records }: { records: readonly LogRecord[] }) => {
    movedMs = Date.now();
    try {
      for (const record of records) take(record);
    } catch (error) {
      fail(error);
    }
  };
  try {
    const opening = log.tail({ from: 'earliest', ...wanted, parse: parseMessage, onBatch });
    consumer = await Promise.race([opening, failed]);
    await Promise.race([consumer.caughtUp(), failed]);
  } finally {
    clearInterval(timer);
    await consumer?.stop();
  }
}

export async function endsOf(log: Log, topic: string, region: string) {
  try {
    await log.partitionCount(topic);
    return await log.endOffsets(topic);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = /partition|topic|leader/i.test(why)
      ? `is ${region} a control region of this Kafka? --regions names them`
      : 'is Kafka there? --brokers host:port, or TRUNKLINE_KAFKA_BROKERS, says where';
    throw new CliError(EXIT.unreadable, `${topic} cannot be read (${why}): ${hint}`);
  }
}
