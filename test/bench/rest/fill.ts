import { Redis } from 'ioredis';
import { TOPIC, topicName } from '#libs/contracts';
import type { Log } from '#libs/log';
import { openRegistryWriter, positionField, type RegistryWriter } from '#libs/registry';
import { waitFor } from '../../support/wait-for.ts';
import { rounded } from '../figures.ts';
import { say } from '../options.ts';
import { movingAllTheTime, publishFacts, recordsOf, STORY, storyOf } from './stories.ts';

export const PARTITIONS = 12;
export const BUSY = 'moving:primary';
const EARLIEST = { offset: 0, writer_epoch: 0, writer_id: '' };
/** Links whose decisions are given to the registry in one go. */
const AT_ONCE = 200;
const MIB = 2 ** 20;

export interface Filled {
  readonly region: string;
  readonly links: number;
  /** Of these, the first, what they were told stands in the log. */
  readonly withFacts: number;
  /** Of the link that moves all the time: when its last decision was made, in milliseconds since 1970. */
  readonly busyEndsMs: number;
  readonly notes: Readonly<Record<string, unknown>>;
}

export const topicsOf = (region: string): string[] => [
  topicName(region, TOPIC.controllerEvents),
  topicName(region, TOPIC.healthReports),
];

/**
 * A registry of so many links and so many decisions, by the code that the projector writes with, out of decisions that the
 * deciders made: STORY of each link, and all others of one more link. What some of them were told is in the log, for `explain`.
 */
export async function fill(
  log: Log,
  { region, redisUrl }: { readonly region: string; readonly redisUrl: string },
  {
    links,
    decisions,
    withFacts,
  }: { readonly links: number; readonly decisions: number; readonly withFacts: number },
): Promise<Filled> {
  const redis = new Redis(redisUrl);
  const registry = openRegistryWriter({ url: redisUrl }, region);
  try {
    await redis.flushdb();
    // A server of this run alone, and a registry of this size needs more than a stack on a laptop is given.
    await redis.config('SET', 'maxmemory', '0');
    // It would go on beside the first calls that are measured.
    await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
    await log.ensureTopics(region, { partitions: PARTITIONS });
    await waitFor(() => registry.ping().then(() => true), { what: 'Redis' });
    const emptyMiB = await usedMiB(redis);
    const startedMs = performance.now();
    for (let from = 0; from < links; from += AT_ONCE) {
      const told = Array.from({ length: Math.min(AT_ONCE, links - from) }, (_none, i) => storyOf(from + i));
      if (from < withFacts) await publishFacts(log, region, told);
      await apply(
        registry,
        told.flatMap((each) => recordsOf(each, region)),
      );
      if ((from / AT_ONCE) % 50 === 0) say(`rest: ${from} links in the registry`);
    }
    const linksMiB = (await usedMiB(redis)) - emptyMiB;
    let busyEndsMs = 0;
    for (const some of movingAllTheTime(BUSY, region, Math.max(STORY, decisions - links * STORY))) {
      await apply(registry, some);
      busyEndsMs = some.at(-1)?.timeMs ?? 0;
    }
    await beWhole(registry, region);
    const notes = {
      'links, decisions of them, decisions of one more link': [
        links,
        links * STORY,
        Math.max(STORY, decisions - links * STORY),
      ],
      'decisions into the registry, a second': rounded((decisions * 1_000) / (performance.now() - startedMs)),
      'Redis, MiB: the links; all of it': [rounded(linksMiB), rounded((await usedMiB(redis)) - emptyMiB)],
      'KiB of Redis a link with five decisions': rounded((linksMiB * 1_024) / links),
    };
    return { region, links, withFacts, busyEndsMs, notes };
  } finally {
    registry.close();
    redis.disconnect();
  }
}

async function apply(
  registry: RegistryWriter,
  records: Parameters<RegistryWriter['applyDecisions']>[0],
): Promise<void> {
  const { applied, gaps } = await registry.applyDecisions(records);
  if (applied !== records.length || gaps.length > 0)
    throw new Error(`${applied} of ${records.length} were taken`);
}

/** As a projector leaves it that is at the end of every partition. */
async function beWhole(registry: RegistryWriter, region: string): Promise<void> {
  for (const topic of topicsOf(region)) {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      await registry.positions.begin(positionField(topic, partition), EARLIEST, 0);
    }
  }
}

async function usedMiB(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]) / MIB;
}
