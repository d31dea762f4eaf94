import { join } from 'node:path';
import { ensureJars } from '../../deploy/local/jars.mjs';
import { launch } from '../../deploy/local/processes.mjs';
import { embeddedRedis, redisAnswers, redisOnPath, redisProgram } from '../../deploy/local/redis.mjs';
import { redisCommand } from './redis.ts';
import { freePort, guardedHome } from './servers.mjs';
import { waitFor } from './wait-for.ts';

const NODES = 3;
const SLOTS = 16_384;

export interface RedisCluster {
  /** As TRUNKLINE_REDIS_URL names it. */
  readonly url: string;
  /** Of each node. */
  readonly nodes: readonly string[];
  clear(): Promise<unknown>;
}

/** A real Redis Cluster of three masters. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const { layout, clear } = guardedHome('redis-cluster');
  try {
    const server = redisOnPath() ?? embeddedRedis(await ensureJars(console.log));
    const ports: number[] = [];
    for (let i = 0; i < NODES; i += 1) {
      const port = await freePort();
      ports.push(port);
      const program = redisProgram({ server, port, dir: join(layout.data, `redis-${i}`), maxDatabases: 1 });
      const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'];
      const bus = ['--cluster-port', String(await freePort())];
      launch(layout, { ...program, name: `redis-${i}`, args: [...program.args, ...cluster, ...bus] });
      await waitFor(() => redisAnswers('127.0.0.1', port), { what: 'a node of the cluster' });
    }
    const nodes = ports.map((port) => `redis://127.0.0.1:${port}`);
    await join3(nodes);
    return { url: `redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`, nodes, clear };
  } catch (error) {
    await clear();
    throw error;
  }
}

async function join3(nodes: readonly string[]): Promise<void> {
  const [first = ''] = nodes;
  const share = Math.ceil(SLOTS / nodes.length);
  for (const [i, node] of nodes.entries()) {
    const slots = Array.from(
      { length: Math.min(share, SLOTS - i * share) },
      (_none, s) => `${i * share + s}`,
    );
    await redisCommand(node, 'CLUSTER', 'ADDSLOTS', ...slots);
    const bus = await busPort(node);
    if (i > 0) await redisCommand(first, 'CLUSTER', 'MEET', '127.0.0.1', new URL(node).port, bus);
  }
  await waitFor(
    async () => {
      const states = await Promise.all(nodes.map((node) => redisCommand(node, 'CLUSTER', 'INFO')));
      return states.every(
        (state) => /cluster_state:ok/.test(String(state)) && /known_nodes:3/.test(String(state)),
      );
    },
    { what: 'the cluster' },
  );
}

async function busPort(node: string): Promise<string> {
  const described = String(await redisCommand(node, 'CLUSTER', 'NODES'));
  return /@(\d+)/.exec(described)?.[1] ?? '';
}
