import type { RedisClient, RedisCommand } from './client.ts';
import { type AggregateKind, chunks, INDEX_KEYS } from './decisions.ts';
import { type HistoryLook, lookAtHistories } from './history/fold.ts';
import { KEYS } from './keys.ts';
import { REGISTRY_LIMITS } from './limits.ts';

/** Where the row of each kind stands, and the list of all of them. */
const ROWS: Record<AggregateKind, { key: (id: string) => string; all: string }> = {
  connection: { key: KEYS.connection, all: KEYS.allConnections },
  agent: { key: KEYS.agent, all: KEYS.allAgents },
  region: { key: KEYS.settings, all: KEYS.allRegions },
};

/** What a sweep needs: which rows there are, their versions, and a way to be rid of one that never was. */
export class Audit {
  constructor(private readonly client: RedisClient) {}

  /** 0: there is no row, or one that no decision made. */
  async versions(kind: AggregateKind, ids: readonly string[]): Promise<number[]> {
    const answers = await this.client.run(ids.map((id) => ['hget', ROWS[kind].key(id), 'version']));
    return answers.map((version) => Number(version ?? 0));
  }

  /** The versions that the lists know; only those of connections know any, the others' are the rows'. */
  async listedVersions(kind: AggregateKind, ids: readonly string[]): Promise<number[]> {
    if (kind !== 'connection' || ids.length === 0) return this.versions(kind, ids);
    const [rows] = await this.client.run([['hmget', KEYS.connectionRows, ...ids]]);
    return (rows as (string | null)[]).map((row) => Number.parseInt(row ?? '0', 10));
  }

  /** What stands of the histories of these connections; 0 is the version of one that is not there. */
  histories(ids: readonly string[]): Promise<HistoryLook[]> {
    return lookAtHistories(this.client, ids);
  }

  /** Every row's id, by name, in lists of bounded length. */
  async *ids(kind: AggregateKind): AsyncGenerator<string[]> {
    const { all } = ROWS[kind];
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
      await this.client.run(FORGET[kind](some));
    }
  }
}

const FORGET: Record<AggregateKind, (ids: readonly string[]) => RedisCommand[]> = {
  connection: forgetConnections,
  agent: forgetAgents,
  region: (ids) =>
    ids.flatMap((id) => [
      ['del', KEYS.settings(id)],
      ['zrem', KEYS.allRegions, id],
    ]),
};

function forgetConnections(ids: readonly string[]): RedisCommand[] {
  const rows = ids.map(
    (id): RedisCommand => [
      'del',
      KEYS.connection(id),
      KEYS.connectionEvents(id),
      KEYS.connectionFailovers(id),
      KEYS.connectionBlocks(id),
      KEYS.connectionIndex(id),
      KEYS.connectionHealth(id),
    ],
  );
  return [...rows, ['unindexConnections', ...INDEX_KEYS, ...ids]];
}

/** What reports said of the agent stays: only the decisions are folded again. */
function forgetAgents(ids: readonly string[]): RedisCommand[] {
  return ids.map((id) => ['hdel', KEYS.agent(id), 'version', 'lost_incarnation', 'draining_incarnation']);
}
