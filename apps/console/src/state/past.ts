import { type ApiClient, ApiError } from '../api/client.ts';
import type { Connection } from '../model.ts';
import { emptyWorld, failoverAsOf, type World } from './fold.ts';
import { readPages } from './pages.ts';
import { STORE_LIMITS } from './store.ts';

/**
 * What was so at one moment: connections by REST's `at`; moves as far as they had come by then; of agents only their names,
 * because what they reported is not kept.
 */
export class PastWorld {
  readonly world: World = emptyWorld();
  state: 'loading' | 'ready' | 'failed' = 'loading';
  error: ApiError | undefined;
  /** As of the store. */
  revision = 0;
  private readonly reading = new AbortController();

  constructor(
    readonly at: string,
    private readonly api: ApiClient,
    private readonly live: World,
    private readonly changed: () => void,
  ) {}

  async read(): Promise<void> {
    for (const failover of this.live.failovers.values()) {
      const then = failoverAsOf(failover, this.at);
      if (then) this.world.failovers.set(then.failover_id, then);
    }
    const bounds = { signal: this.reading.signal, most: STORE_LIMITS.connections, query: { at: this.at } };
    try {
      await readPages<Connection>(this.api, '/connections', bounds, (items) => {
        for (const row of items) this.world.connections.set(row.connection_id, row);
        this.nameAgents();
        this.told();
      });
      this.state = 'ready';
    } catch (error) {
      if (this.reading.signal.aborted) return;
      this.state = 'failed';
      this.error = error instanceof ApiError ? error : new ApiError(0, undefined, String(error));
    }
    this.told();
  }

  private told(): void {
    this.revision += 1;
    this.changed();
  }

  stop(): void {
    this.reading.abort();
  }

  /** Who was named by a connection then, with what never changes of it, and what it carried counted from the rows. */
  private nameAgents(): void {
    const { agents, connections } = this.world;
    agents.clear();
    for (const { client_id, server_id, broker_id } of connections.values()) {
      for (const id of [client_id, server_id, broker_id]) {
        if (id === undefined) continue;
        const carried = (agents.get(id)?.connections ?? 0) + 1;
        const { kind, control_region, location, server_group } = this.live.agents.get(id) ?? {};
        agents.set(id, {
          agent_id: id,
          draining: false,
          status: 'unknown',
          connections: carried,
          ...(kind !== undefined && { kind }),
          ...(control_region !== undefined && { control_region }),
          ...(location !== undefined && { location }),
          ...(server_group !== undefined && { server_group }),
        });
      }
    }
  }
}
