import type { RedisClient, RedisCommand } from './client.ts';
import { chunks } from './decisions.ts';
import { KEYS } from './keys.ts';
import { REGISTRY_LIMITS } from './limits.ts';

export type AggregateKind = 'connection' | 'agent';

/** What a sweep needs: which rows there are, their versions, and a way to be rid of one that never was. */
export class Audit {
  constructor(private readonly client: RedisClient) {}

  /** 0: there is no row, or one that no decision made. */
  async versions(kind: AggregateKind, ids: readonly string[]): Promise<number[]> {
    const keyOf = kind === 'connection' ? KEYS.connection : KEYS.agent;
    const answers = await this.client.run(ids.map((id) => ['hget', keyOf(id), 'version']));
    return answers.map((version) => Number(version ?? 0));
  }

  /** The versions that the lists know; agents' lists know none, so theirs are the rows'. */
  async listedVersions(kind: AggregateKind, ids: readonly string[]): Promise<number[]> {
    if (kind === 'agent' || ids.length === 0) return this.versions(kind, ids);
    const [rows] = await this.client.run([['hmget', KEYS.connectionRows, ...ids]]);
    return (rows as (string | null)[]).map((row) => Number.parseInt(row ?? '0', 10));
  }

  /** Every row's id, by name, in lists of bounded length. */
  async *ids(kind: AggregateKind): AsyncGenerator<string[]> {
    const all = kind === 'connection' ? KEYS.allConnections : KEYS.allAgents;
    for (let from = '-'; ; ) {
      const [found] = await this.client.run([
        ['zrangebylex', all, from, '+', 'LIMIT', 0, REGISTRY_LIMITS.pageSize],
      ]);
      const ids = found as string[];
      if (ids.length === 0) return;
      yield ids;
      from = `(${ids[ids.length - 1]}`;
    }
  }

  /** Removes rows; a rebuild brings back what the log has of them. */
  async forget(kind: AggregateKind, ids: readonly string[]): Promise<void> {
    for (const some of chunks(ids, REGISTRY_LIMITS.rowsPerCall)) {
      await this.client.run(kind === 'connection' ? forgetConnections(some) : forgetAgents(some));
    }
  }
}

function forgetConnections(ids: readonly string[]): RedisCommand[] {
  const rows = ids.map(
    (id): RedisCommand => [
      'del',
      KEYS.connection(id),
      KEYS.connectionEvents(id),
      KEYS.connectionFailovers(id),
    ],
  );
  return [
    ...rows,
    ['unindexConnections', 2, KEYS.connectionRows, KEYS.allConnections, KEYS.indexPrefix, ...ids],
  ];
}

/** What reports said of the agent stays: only the decisions are folded again. */
function forgetAgents(ids: readonly string[]): RedisCommand[] {
  return ids.map((id) => ['hdel', KEYS.agent(id), 'version', 'lost_incarnation', 'draining_incarnation']);
}
