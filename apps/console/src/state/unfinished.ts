import type { ApiClient } from '../api/client.ts';
import type { Connection, Failover, Page } from '../model.ts';
import { mergeFailover, type World } from './fold.ts';

/** Connections whose newest move is asked for in one round, and at the same time. */
const ROUND = 200;
const AT_ONCE = 8;

const isCutOff = ({ status, phase }: Connection): boolean => status === 'failed' || phase === 'interrupted';

/**
 * Moves that are not over, of connections without a path. The list of failovers has the newest ones first and is read as far as it
 * needs to be looked at, so one that has been held back since before thousands of others would be missing where somebody must
 * approve it.
 */
export class UnfinishedMoves {
  /** The version of each connection of which its newest move is known: it has that one until it changes. */
  private readonly asked = new Map<string, number>();

  constructor(private readonly api: Pick<ApiClient, 'get'>) {}

  /**
   * Reads those that are missing, as many as a round has; the next round goes on.
   * @throws ApiError, AbortError
   */
  async read({ connections, failovers }: World, signal: AbortSignal): Promise<void> {
    const known = new Set<string>();
    for (const { connection_id, active_at } of failovers.values()) {
      if (active_at === undefined) known.add(connection_id);
    }
    const missing = [...connections.values()]
      .filter((row) => isCutOff(row) && !known.has(row.connection_id))
      .filter(({ connection_id, version }) => this.asked.get(connection_id) !== version)
      .slice(0, ROUND);
    while (missing.length > 0) {
      await Promise.all(
        missing.splice(0, AT_ONCE).map(async ({ connection_id, version }) => {
          const query = { connection_id, limit: 1 };
          const { items } = await this.api.get<Page<Failover>>('/failovers', query, signal);
          for (const move of items) mergeFailover(failovers, move);
          this.asked.set(connection_id, version);
        }),
      );
    }
    for (const id of this.asked.keys()) {
      const row = connections.get(id);
      if (row === undefined || !isCutOff(row)) this.asked.delete(id);
    }
  }
}
