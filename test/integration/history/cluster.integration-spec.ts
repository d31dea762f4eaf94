import { openRegistryReader, openRegistryWriter } from '#libs/registry';
import { redisCommand } from '../../support/redis.ts';
import { type RedisCluster, startRedisCluster } from '../../support/redis-cluster.ts';
import { EARLIEST, EVENTS } from '../../support/registry.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type HistoryUnderTest, historyBehaviours } from './behaviours.ts';

describe('histories in a Redis Cluster', () => {
  const under = {} as { -readonly [K in keyof HistoryUnderTest]: HistoryUnderTest[K] };
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster();
    under.writer = openRegistryWriter({ url: cluster.url }, 'east');
    under.reader = openRegistryReader(
      { url: cluster.url },
      { region: 'east', topics: [EVENTS], partitions: 1 },
    );
    await waitFor(() => under.writer.ping().then(() => true));
    await waitFor(() => under.reader.missing().then(() => true));
  });

  beforeEach(async () => {
    for (const node of cluster.nodes) await redisCommand(node, 'FLUSHALL');
    await under.writer.positions.begin(`${EVENTS}/0`, EARLIEST, 0);
  });

  afterAll(async () => {
    under.writer?.close();
    under.reader?.close();
    await cluster?.clear();
  });

  historyBehaviours(under);
});
