import { TOPIC, topicName } from '#libs/contracts';
import {
  type DecisionRecord,
  openRegistryReader,
  openRegistryWriter,
  type RegistryReader,
  type RegistryWriter,
} from '#libs/registry';
import { linkDecision } from '../support/decisions.ts';
import { redisCommand } from '../support/redis.ts';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts';
import { waitFor } from '../support/wait-for.ts';

const EARLIEST = { offset: 0, writer_epoch: 0, writer_id: '' };
const TOPIC_NAME = topicName('east', TOPIC.controllerEvents);
const CONNECTIONS = 200;

function decision(n: number, version: number): DecisionRecord {
  const key = `client-${n}:a`;
  const failover =
    version === 2
      ? {
          failover_id: `${key}~2`,
          reason: 'peer-lost' as const,
          detected_at: '2026-01-01T00:00:00.000Z',
        }
      : undefined;
  const data = linkDecision(key, version, failover ? { failover } : {});
  return {
    key,
    event_id: `${key}/${version}`,
    name: 'connection-activated',
    version,
    timeMs: 0,
    partition: 0,
    offset: n,
    data,
    dataJson: JSON.stringify(data),
  };
}

describe('the registry in a Redis Cluster', () => {
  let cluster: RedisCluster;
  let writer: RegistryWriter;
  let reader: RegistryReader;

  beforeAll(async () => {
    cluster = await startRedisCluster();
    writer = openRegistryWriter({ url: cluster.url }, 'east');
    reader = openRegistryReader(
      { url: cluster.url },
      { region: 'east', topics: [TOPIC_NAME], partitions: 1 },
    );
    await waitFor(() => writer.ping().then(() => true));
    await waitFor(() => reader.missing().then(() => true));
    await writer.positions.begin(`${TOPIC_NAME}/0`, EARLIEST, 0);
  });

  afterAll(async () => {
    writer?.close();
    reader?.close();
    await cluster?.clear();
  });

  it('spreads rows over the nodes, each with all that belongs to it', async () => {
    const all = Array.from({ length: CONNECTIONS }, (_none, n) => [decision(n, 1), decision(n, 2)]).flat();
    expect(await writer.applyDecisions(all)).toEqual({ applied: 2 * CONNECTIONS, skipped: 0, gaps: [] });
    expect(await writer.applyDecisions(all)).toEqual({ applied: 0, skipped: 2 * CONNECTIONS, gaps: [] });
    for (const node of cluster.nodes) {
      const keys = (await redisCommand(node, 'KEYS', 'connections:*')) as string[];
      expect(keys.length).toBeGreaterThan(CONNECTIONS / 10);
      const [key = ''] = keys;
      const tag = /\{.*\}/.exec(key)?.[0] ?? '';
      expect(await redisCommand(node, 'EXISTS', `trunkline:connection-events:${tag}`)).toBe(1);
    }
  });

  it('takes reports for rows of every node', async () => {
    const beats = Array.from({ length: CONNECTIONS }, (_none, n) => ({
      connection_id: `client-${n}:a`,
      last_heartbeat: '2026-01-01T00:00:00.000Z',
      health_score: 50,
      points: [],
    }));
    await writer.applyReports([], beats);
    const { items } = await reader.connections({}, { limit: 500 });
    expect(items).toHaveLength(CONNECTIONS);
    expect(items.every((item) => item.health_score === 50)).toBe(true);
  });

  it('lists, finds and moves positions as one Redis does', async () => {
    const first = await reader.connections({ status: 'active', server_id: 'server-1' }, { limit: 150 });
    const second = await reader.connections(
      { status: 'active', server_id: 'server-1' },
      { limit: 150, cursor: first.next_cursor ?? '' },
    );
    expect(first.items.length + second.items.length).toBe(CONNECTIONS);
    expect((await reader.connectionEvents('client-7:a', {}))?.items).toHaveLength(2);
    expect(await reader.failover('client-7:a~2')).toMatchObject({ connection_id: 'client-7:a' });
    expect((await reader.failovers({ limit: 500 })).items).toHaveLength(CONNECTIONS);
    const next = { offset: 5, writer_epoch: 1, writer_id: 'w' };
    expect(await writer.positions.move(`${TOPIC_NAME}/0`, EARLIEST, next)).toBe('moved');
    await writer.audit.forget('connection', ['client-7:a']);
    expect(await reader.connection('client-7:a')).toBeUndefined();
  });
});
