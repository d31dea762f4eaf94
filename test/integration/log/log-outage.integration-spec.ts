import kafkajs, { Kafka, logLevel, Partitioners } from 'kafkajs';
import { DEFAULT_PARTITIONS } from '#libs/contracts';
import { type Consumer, KafkaLog, type Log } from '#libs/log';
import { byLength } from '../../support/length.ts';
import { type Servers, startServers } from '../../support/servers.mjs';
import { waitFor } from '../../support/wait-for.ts';
import { audit } from './audit.ts';
import { World } from './processes.ts';

/** Kafka is away for so long, in milliseconds. */
const OUTAGE_MS = byLength(5_000, 20_000);

describe('the log while Kafka is in trouble', () => {
  let servers: Servers;
  const worlds: World[] = [];

  const connect = (clientId: string, stallMs = 10_000): Log =>
    new KafkaLog({ brokers: [servers.kafkaBrokers], clientId, stallMs });
  const openWorld = async (stallMs?: number): Promise<World> => {
    const world = await World.open({
      connect: (clientId, observer) =>
        new KafkaLog({
          brokers: [servers.kafkaBrokers],
          clientId,
          ...(observer && { observer }),
          ...(stallMs !== undefined && { stallMs }),
        }),
      close: async () => undefined,
    });
    worlds.push(world);
    return world;
  };

  beforeAll(async () => {
    servers = await startServers({ redis: false });
  });
  afterAll(async () => {
    for (const world of worlds) await world.close();
    await servers.clear();
  });

  it('tells a record that Kafka will never take by the name of its error', async () => {
    const world = await openWorld();
    const topic = world.topic('connectionStatus');
    const record = { topic, partition: 0, key: 'k', value: Buffer.alloc(1_100_000), headers: {} };
    await expect(world.log.publishRaw([record])).rejects.toMatchObject({ name: 'RecordsRefused' });
    await world.log.publish([world.fact('k', 1)]);
  });

  it('goes on where it was after Kafka was stopped for a while and started again', async () => {
    const world = await openWorld();
    const { loop } = await world.startLoop();
    const sums = await world.publishMany(100, 8);
    await world.untilSums(sums);
    await servers.stop('kafka');
    const failed = world.log.publish([world.fact('k0', 1)]);
    await expect(failed).rejects.toMatchObject({ name: 'LogUnavailable' });
    const since = Date.now();
    await waitFor(() => Date.now() - since > OUTAGE_MS, { withinMs: OUTAGE_MS + 5_000 });
    await servers.start('kafka');
    await waitFor(
      async () => {
        await world.log.publish([world.fact('after', 5)]);
        return true;
      },
      { withinMs: 30_000 },
    );
    await waitFor(() => (loop.state('after')?.sum ?? 0) >= 5, { withinMs: 30_000, what: 'the fact after' });
    await waitFor(() => loop.ready(), { withinMs: 30_000, what: 'every partition to be owned again' });
    const found = await audit(world.log, world.region);
    for (const [key, sum] of sums) expect(found.sums.get(key)).toBeGreaterThanOrEqual(sum);
  }, 150_000);

  it('rejects what a frozen Kafka does not take in time, and goes on after it', async () => {
    const world = await openWorld();
    await world.startLoop();
    await world.untilSums(await world.publishMany(8, 4));
    servers.signal('kafka', 'SIGSTOP');
    const since = Date.now();
    try {
      await expect(world.log.publish([world.fact('k0', 1)])).rejects.toMatchObject({
        name: 'LogUnavailable',
      });
    } finally {
      servers.signal('kafka', 'SIGCONT');
    }
    expect(Date.now() - since).toBeLessThan(60_000);
    await waitFor(() => world.log.publish([world.fact('thawed', 2)]), { withinMs: 30_000 });
    await waitFor(async () => ((await audit(world.log, world.region)).sums.get('thawed') ?? 0) >= 2, {
      withinMs: 30_000,
      what: 'the fact after',
    });
  });

  it('restores from snapshots that Kafka has compacted, a void one among them', async () => {
    const world = await openWorld();
    await compactSoon(servers.kafkaBrokers, world.topic('connectionState'));
    const first = await world.startLoop({ loop: { snapshotIntervalMs: 100 } });
    const sums = new Map<string, number>();
    for (let round = 1; round <= 10; round += 1) {
      await world.log.publish(['k1', 'k2', 'k3'].map((key) => world.fact(key, round)));
      for (const key of ['k1', 'k2', 'k3']) sums.set(key, (sums.get(key) ?? 0) + round);
      await world.untilSums(sums);
      const written = first.counts.of('checkpointed');
      await waitFor(() => first.counts.of('checkpointed') >= written + 4, { withinMs: 2_000 }).catch(() => 0);
    }
    await first.stop();
    const stale = { writer_epoch: '1', writer_id: 'a-writer-from-before', ce_type: 'trunkline.snapshot.v1' };
    const topic = world.topic('connectionState');
    const partition = world.log.partitionOf('k1', 4);
    await world.log.append(topic, partition, [{ topic, partition, key: 'k1', value: '{}', headers: stale }]);
    const ofK1 = async () => (await everyKey(world.log, topic)).filter((key) => key === 'k1').length;
    expect(await ofK1()).toBeGreaterThan(2);
    // A segment is rolled, and so can be cleaned, when something is written after it is old enough.
    await waitFor(
      async () => {
        await world.log.append(topic, partition, [
          { topic, partition, key: 'filler', value: '{}', headers: stale },
        ]);
        return (await ofK1()) === 1;
      },
      { withinMs: 60_000, everyMs: 1_000, what: 'Kafka to compact' },
    );
    const second = await world.startLoop();
    for (const [key, sum] of sums) expect([key, second.loop.state(key)?.sum]).toEqual([key, sum]);
  }, 150_000);

  it('builds a consumer anew that stands still while records wait', async () => {
    const world = await openWorld(1_500);
    const rebuilt: string[] = [];
    const log = new KafkaLog({
      brokers: [servers.kafkaBrokers],
      clientId: 'watched',
      stallMs: 1_500,
      observer: { rebuilt: (_consumer, cause) => rebuilt.push(cause) },
    });
    const seen: number[] = [];
    const consumer = await log.consumeGroup({
      groupId: `${world.region}-watched`,
      topics: [world.topic('connectionStatus')],
      onBatch: async ({ records }) => {
        seen.push(...records.map(({ offset }) => offset));
      },
    });
    await world.log.publish([world.fact('k', 1)]);
    await waitFor(() => seen.length === 1);
    await waitFor(() => stallOf(consumer));
    await world.log.publish([world.fact('k', 2)]);
    await waitFor(() => rebuilt.some((cause) => cause.startsWith('stands still')));
    await waitFor(() => seen.length === 2);
    expect(seen).toEqual([0, 1]);
    await log.close();
  });

  it('refuses topics that stand with another number of partitions, cleanup policy or retention', async () => {
    const kafka = new Kafka({ brokers: [servers.kafkaBrokers], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    const make = (topic: string, numPartitions: number, entries: Record<string, string>) =>
      admin.createTopics({
        // Waiting can fail just after the broker's start.
        waitForLeaders: false,
        topics: [
          {
            topic,
            numPartitions,
            configEntries: Object.entries(entries).map(([name, value]) => ({ name, value })),
          },
        ],
      });
    await make('ta.controller-events', 3, { 'retention.ms': '-1' });
    await make('tb.connection-state', DEFAULT_PARTITIONS, {
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
    });
    await make('tc.controller-events', DEFAULT_PARTITIONS, { 'retention.ms': '1000' });
    await admin.disconnect();
    const log = connect('strict');
    const refusal = (region: string) =>
      log.ensureTopics(region, { partitions: DEFAULT_PARTITIONS }).then(
        () => 'none',
        (error: Error) => error.message,
      );
    expect(await refusal('ta')).toBe(
      'topic ta.controller-events: the number of partitions is 3, and must be 12 (partition counts never change)',
    );
    expect(await refusal('tb')).toBe(
      'topic tb.connection-state: cleanup.policy is delete, and must be compact',
    );
    expect(await refusal('tc')).toBe('topic tc.controller-events: retention.ms is 1000, and must be -1');
    await log.close();
  });

  it('keeps whoever asks about a topic waiting that the broker does not know of yet', async () => {
    const waits: string[] = [];
    const region = 'not-yet';
    const log = new KafkaLog({
      brokers: [servers.kafkaBrokers],
      clientId: region,
      observer: { failed: (where) => waits.push(where) },
    });
    const topic = `${region}.controller-events`;
    const asked = Promise.all([log.endOffsets(topic), log.partitionCount(topic)]);
    await waitFor(() => waits.length === 2, { what: 'both questions to wait' });
    await log.ensureTopics(region, { partitions: 1 });
    expect(await asked).toEqual([[{ partition: 0, low: 0, high: 0 }], 1]);
    await log.close();
  });

  it('places keys as kafkajs and the client for Java do', async () => {
    const log = connect('placing');
    const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({
      partitionId,
      leader: 1,
      partitionErrorCode: 0,
      isr: [],
      replicas: [],
    }));
    const place = Partitioners.DefaultPartitioner();
    for (const key of ['', 'a', 'ab', 'abc', 'abcd', 'bank-client-1:primary', 'ü', '連絡', 'x'.repeat(128)]) {
      const expected = place({ topic: 't', partitionMetadata, message: { key, value: null } });
      expect([key, log.partitionOf(key, 12)]).toEqual([key, expected]);
    }
    await log.close();
  });
});

/** Makes kafkajs's consumer beneath fetch nothing, as the groups do that stall without a word. */
function stallOf(consumer: Consumer): boolean {
  const { session } = consumer as unknown as {
    session?: { inner: { pause(topics: { topic: string }[]): void }; settings: { topics: string[] } };
  };
  session?.inner.pause(session.settings.topics.map((topic) => ({ topic })));
  return session !== undefined;
}

/** Has Kafka clean a compacted topic as early as it can. */
async function compactSoon(brokers: string, name: string): Promise<void> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const settings = {
    'cleanup.policy': 'compact',
    'segment.ms': '100',
    'min.cleanable.dirty.ratio': '0.001',
    'max.compaction.lag.ms': '200',
  };
  const configEntries = Object.entries(settings).map(([entry, value]) => ({ name: entry, value }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries }],
  });
  await admin.disconnect();
}

/** The key of every record that still stands, readable or not. */
async function everyKey(log: Log, topic: string): Promise<string[]> {
  const keys: string[] = [];
  const tail = await log.tail({
    topics: [topic],
    from: 'earliest',
    onBatch: async ({ records }) => {
      keys.push(...records.map(({ key }) => key ?? ''));
    },
  });
  await tail.caughtUp();
  await tail.stop();
  return keys;
}
