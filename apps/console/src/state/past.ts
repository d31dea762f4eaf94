import { type ApiClient, ApiError } from '../api/client.ts';
import type { Agent, Connection, Failover } from '../model.ts';
import { emptyWorld, failoverAsOf, type World } from './fold.ts';
import { readPages } from './pages.ts';
import { STORE_LIMITS } from './store.ts';

/** Moves before the moment that are read: those that one may want to see beside it. */
const FAILOVERS = 1_000;

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
  private agentsKnown = 0;

  constructor(
    readonly at: string,
    private readonly api: ApiClient,
    private readonly live: World,
    private readonly changed: () => void,
  ) {}

  async read(): Promise<void> {
    try {
      await Promise.all([this.readConnections(), this.readFailovers()]);
      this.state = 'ready';
    } catch (error) {
      if (this.reading.signal.aborted) return;
      this.state = 'failed';
      this.error = error instanceof ApiError ? error : new ApiError(0, undefined, String(error));
    }
    this.told();
  }

  stop(): void {
    this.reading.abort();
  }

  /** More agents are known by now: kinds and places of those of then may be among them. */
  follow(): void {
    if (this.live.agents.size === this.agentsKnown) return;
    this.nameAgents();
    this.told();
  }

  private async readConnections(): Promise<void> {
    const bounds = { signal: this.reading.signal, most: STORE_LIMITS.connections, query: { at: this.at } };
    await readPages<Connection>(this.api, '/connections', bounds, (items) => {
      for (const row of items) this.world.connections.set(row.connection_id, row);
      this.nameAgents();
      this.told();
    });
  }

  private async readFailovers(): Promise<void> {
    const bounds = { signal: this.reading.signal, most: FAILOVERS, query: { until: this.at } };
    await readPages<Failover>(this.api, '/failovers', bounds, (items) => {
      for (const failover of items) {
        const then = failoverAsOf(failover, this.at);
        if (then) this.world.failovers.set(then.failover_id, then);
      }
      this.told();
    });
  }

  private told(): void {
    this.revision += 1;
    this.changed();
  }

  /** Who was named by a connection then, with what never changes of it, and what it carried counted from the rows. */
  private nameAgents(): void {
    const { agents, connections } = this.world;
    agents.clear();
    this.agentsKnown = this.live.agents.size;
    for (const { client_id, server_id, broker_id } of connections.values()) {
      for (const id of [client_id, server_id, broker_id]) {
        if (id === undefined) continue;
        const carried = (agents.get(id)?.connections ?? 0) + 1;
        agents.set(id, { ...placeOf(this.live.agents.get(id)), ...THEN, agent_id: id, connections: carried });
      }
    }
  }
}

const THEN = { draining: false, status: 'unknown' } as const;

function placeOf(agent: Agent | undefined): Partial<Agent> {
  const { kind, control_region, location, server_group } = agent ?? {};
  return {
    ...(kind !== undefined && { kind }),
    ...(control_region !== undefined && { control_region }),
    ...(location !== undefined && { location }),
    ...(server_group !== undefined && { server_group }),
  };
}
