import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import {
  DEAD_LETTER_SETTINGS,
  deadLetterTopic,
  LIMITS,
  TOPIC_SETTINGS,
  type TopicBase,
  type TopicSettings,
  topicName,
} from '#libs/contracts';
import { LogUnavailable, WrongTopic } from '../errors.ts';
import type { EnsureTopicsOptions } from '../port.ts';
import { isLeaderless, LEADERLESS_LIMIT_MS } from './leaderless.ts';
import { sleep } from './options.ts';

/** A region's topics with their settings, dead-letter topics included. */
export function topicsOf(region: string): Map<string, TopicSettings> {
  const topics = new Map<string, TopicSettings>();
  for (const [base, settings] of Object.entries(TOPIC_SETTINGS)) {
    const name = topicName(region, base as TopicBase);
    topics.set(name, settings);
    if (settings.deadLetter) topics.set(deadLetterTopic(name), DEAD_LETTER_SETTINGS);
  }
  return topics;
}

/** A dead letter is as large as what it holds, and its headers. */
export const DEAD_LETTER_BYTES = 8 * LIMITS.messageBytes;
const DEAD_LETTER_SUFFIX = deadLetterTopic('');

/**
 * Just after topics were made a broker says that it does not host them: it is asked again as long as for leaders. Any
 * other failure is tried again for so long, in milliseconds.
 */
const ASK_LIMIT_MS = 20_000;
/** A busy machine may need the whole limit for one try; so many are made all the same. */
const ASK_TRIES = 3;

/** Lends an admin client; a failure means a new one the next time. */
export type WithAdmin = (use: (admin: Admin) => Promise<void>) => Promise<void>;

export async function ensureTopics(
  withAdmin: WithAdmin,
  region: string,
  options: EnsureTopicsOptions,
): Promise<void> {
  const wanted = topicsOf(region);
  await withinBounds(() => withAdmin((admin) => create(admin, wanted, options)));
  await withinBounds(() => withAdmin((admin) => checkTopics(admin, wanted, options)));
}

async function withinBounds(attempt: () => Promise<void>): Promise<void> {
  const beganMs = Date.now();
  for (let tries = 1; ; tries += 1) {
    try {
      await attempt();
      return;
    } catch (error) {
      const limitMs = isLeaderless(error) ? LEADERLESS_LIMIT_MS : ASK_LIMIT_MS;
      if (error instanceof WrongTopic || (tries >= ASK_TRIES && Date.now() > beganMs + limitMs)) throw error;
      await sleep(100);
    }
  }
}

async function checkTopics(
  admin: Admin,
  wanted: Map<string, TopicSettings>,
  options: EnsureTopicsOptions,
): Promise<void> {
  const [fault] = await faultsOf(admin, wanted, options);
  if (fault?.setting === 'the topic') throw new LogUnavailable(`${fault.topic} has no partitions yet`);
  if (fault) throw new WrongTopic(fault.topic, fault.setting, fault.found, fault.wanted);
  // A partition that was just made has no leader for a moment, and then refuses the first append.
  await Promise.all([...wanted.keys()].map((name) => admin.fetchTopicOffsets(name)));
}

/** What of a region's topics is not as it must be; `setting` is `the topic` where there is none. */
export interface TopicFault {
  readonly topic: string;
  readonly setting: string;
  readonly found: string;
  readonly wanted: string;
}

/** Looks at a region's topics, and changes nothing. */
export async function topicFaults(
  withAdmin: (use: (admin: Admin) => Promise<TopicFault[]>) => Promise<TopicFault[]>,
  region: string,
  options: EnsureTopicsOptions,
): Promise<TopicFault[]> {
  const wanted = topicsOf(region);
  return withAdmin(async (admin) => {
    const existing = new Set(await admin.listTopics());
    const missing = [...wanted.keys()].filter((name) => !existing.has(name));
    for (const name of missing) wanted.delete(name);
    return [
      ...missing.map(missingTopic),
      ...(wanted.size === 0 ? [] : await faultsOf(admin, wanted, options)),
    ];
  });
}

const missingTopic = (topic: string): TopicFault => ({
  topic,
  setting: 'the topic',
  found: 'missing',
  wanted: 'there',
});

async function faultsOf(
  admin: Admin,
  wanted: Map<string, TopicSettings>,
  options: EnsureTopicsOptions,
): Promise<TopicFault[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [...wanted.keys()] });
  const faults = topics.flatMap(({ name, partitions }): TopicFault[] => {
    if (partitions.length === 0) return [missingTopic(name)];
    if (partitions.length === options.partitions) return [];
    const demand = `${options.partitions} (partition counts never change)`;
    return [
      { topic: name, setting: 'the number of partitions', found: `${partitions.length}`, wanted: demand },
    ];
  });
  return [...faults, ...(await settingFaults(admin, wanted))];
}

async function create(
  admin: Admin,
  wanted: Map<string, TopicSettings>,
  options: EnsureTopicsOptions,
): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const replication = options.replication ?? 1;
  const missing = [...wanted].filter(([name]) => !existing.has(name));
  if (missing.length === 0) return;
  await admin.createTopics({
    // Waiting can fail just after the broker's start; the metadata read that follows is asked again instead.
    waitForLeaders: false,
    topics: missing.map(([topic, settings]): ITopicConfig => {
      const entries = [
        { name: 'cleanup.policy', value: settings.cleanupPolicy },
        { name: 'retention.ms', value: `${settings.retentionMs}` },
        { name: 'retention.bytes', value: '-1' },
        { name: 'unclean.leader.election.enable', value: 'false' },
      ];
      if (replication >= 3) entries.push({ name: 'min.insync.replicas', value: '2' });
      if (topic.endsWith(DEAD_LETTER_SUFFIX)) {
        entries.push({ name: 'max.message.bytes', value: `${DEAD_LETTER_BYTES}` });
      }
      return {
        topic,
        numPartitions: options.partitions,
        replicationFactor: replication,
        configEntries: entries,
      };
    }),
  });
}

async function settingFaults(admin: Admin, wanted: Map<string, TopicSettings>): Promise<TopicFault[]> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [...wanted.keys()].map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: ['cleanup.policy', 'retention.ms', 'retention.bytes'],
    })),
  });
  return resources.flatMap(({ resourceName: topic, configEntries }) => {
    const settings = wanted.get(topic);
    if (!settings) return [];
    const demands = [['cleanup.policy', settings.cleanupPolicy]];
    // A compacted topic removes nothing by age, whatever its retention says.
    if (settings.cleanupPolicy === 'delete') {
      demands.push(['retention.ms', `${settings.retentionMs}`], ['retention.bytes', '-1']);
    }
    return demands.flatMap(([setting = '', value = '']) => {
      const found = configEntries.find((entry) => entry.configName === setting)?.configValue ?? '';
      return found === value ? [] : [{ topic, setting, found, wanted: value }];
    });
  });
}
