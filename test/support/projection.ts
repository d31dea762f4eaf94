import { randomUUID } from 'node:crypto';
import { TOPIC, topicName } from '#libs/contracts';
import { KafkaLog } from '#libs/log';
import { systemClock } from '#libs/platform';
import {
  openRegistryReader,
  openRegistryWriter,
  type RegistryReader,
  type RegistryWriter,
} from '#libs/registry';
import type { ProjectorObserver } from '../../apps/central-controller/src/projector/observer.ts';
import { ProjectorPart } from '../../apps/central-controller/src/projector/projector.part.ts';
import { redisCommand } from './redis.ts';
import { waitFor } from './wait-for.ts';

export const PARTITIONS = 3;

/** Two control regions of one test, their log, and projectors of the first. */
export class Projection {
  readonly regions: readonly [string, string];
  readonly log: KafkaLog;
  readonly reader: RegistryReader;
  readonly rebuilds: string[] = [];
  readonly failures: string[] = [];
  swept = 0;
  wrong = 0;
  private readonly running: { part: ProjectorPart; registry: RegistryWriter }[] = [];

  constructor(private readonly redisUrl: string) {
    const unique = `t${randomUUID().slice(0, 8)}`;
    this.regions = [`${unique}-east`, `${unique}-west`];
    this.log = new KafkaLog({
      brokers: (process.env.TRUNKLINE_KAFKA_BROKERS ?? '').split(','),
      clientId: `${unique}-test`,
    });
    const topics = this.regions.flatMap((region) => [
      topicName(region, TOPIC.controllerEvents),
      topicName(region, TOPIC.healthReports),
    ]);
    this.reader = openRegistryReader(
      { url: redisUrl },
      { region: this.regions[0], topics, partitions: PARTITIONS },
    );
  }

  get events(): string {
    return topicName(this.regions[0], TOPIC.controllerEvents);
  }

  get reports(): string {
    return topicName(this.regions[0], TOPIC.healthReports);
  }

  async prepare(): Promise<void> {
    for (const region of this.regions) await this.log.ensureTopics(region, { partitions: PARTITIONS });
  }

  /** One more projector of the first region, as another process would run it. */
  start(options: { sweepMs?: number } = {}): ProjectorPart {
    const registry = openRegistryWriter({ url: this.redisUrl }, this.regions[0]);
    const observer: ProjectorObserver = {
      applied: () => undefined,
      rebuilding: (_topic, _partition, cause) => this.rebuilds.push(cause),
      swept: (_rows, wrong) => {
        this.swept += 1;
        this.wrong += wrong;
      },
      failed: (what) => this.failures.push(what),
      retrying: () => undefined,
    };
    const part = new ProjectorPart(
      {
        region: this.regions[0],
        regions: this.regions,
        partitions: PARTITIONS,
        sweepMs: options.sweepMs ?? 0,
      },
      { log: this.log, registry, clock: systemClock, observer, logObserver: {} },
    );
    part.start();
    this.running.push({ part, registry });
    return part;
  }

  /** Once every projector stands and the registry is whole. */
  async settled(): Promise<void> {
    await waitFor(() => this.running.every(({ part }) => part.state().ready), {
      what: 'the projectors',
    });
    await waitFor(async () => (await this.reader.missing()) === undefined, { what: 'a whole registry' });
  }

  async stop(part: ProjectorPart): Promise<void> {
    const at = this.running.findIndex((each) => each.part === part);
    const [found] = this.running.splice(at, 1);
    await part.stop();
    found?.registry.close();
  }

  async end(): Promise<void> {
    for (const { part } of [...this.running]) await this.stop(part);
    this.reader.close();
    await this.log.close();
  }
}

/** A database of the shared Redis that no other test has. */
export async function ownDatabase(): Promise<string> {
  const shared = process.env.TRUNKLINE_REDIS_URL ?? '';
  const database = Number(await redisCommand(shared, 'INCR', 'trunkline-test:databases'));
  const url = `${shared.replace(/\/\d*$/, '')}/${database}`;
  await redisCommand(url, 'FLUSHDB');
  return url;
}

/** Every key's name and value, as Redis would move them elsewhere; elements of sets in order. */
export async function redisContents(url: string): Promise<Record<string, unknown>> {
  const keys = (await redisCommand(url, 'KEYS', '*')) as string[];
  const values = await Promise.all(keys.sort().map(async (key) => [key, await valueAt(url, key)]));
  return Object.fromEntries(values);
}

async function valueAt(url: string, key: string): Promise<unknown> {
  const type = await redisCommand(url, 'TYPE', key);
  if (type === 'list') return redisCommand(url, 'LRANGE', key, '0', '-1');
  if (type === 'zset') return redisCommand(url, 'ZRANGE', key, '0', '-1', 'WITHSCORES');
  const flat = (await redisCommand(url, 'HGETALL', key)) as string[];
  const pairs = Array.from({ length: flat.length / 2 }, (_none, i) => `${flat[2 * i]}=${flat[2 * i + 1]}`);
  return pairs.sort();
}
