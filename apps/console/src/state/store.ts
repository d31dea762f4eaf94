import { type ApiClient, ApiError } from '../api/client.ts';
import { type FeedState, LiveFeed } from '../api/live-feed.ts';
import type { Freeze } from '../freeze.ts';
import type { Agent, Connection, Failover, LiveEvent, Status } from '../model.ts';
import {
  emptyWorld,
  foldEvent,
  forgetOldest,
  mergeAgent,
  mergeConnection,
  mergeFailover,
  type World,
} from './fold.ts';
import { readPages } from './pages.ts';
import { UnfinishedMoves } from './unfinished.ts';

export const STORE_LIMITS = {
  /** Connections that are kept; beyond it the page says that there are more. */
  connections: 20_000,
  agents: 5_000,
  /** Failovers that are read at first, and kept, the newest, beside those that are not over. */
  firstFailovers: 500,
  failovers: 5_000,
  /** Decisions that are kept for being looked at, the newest. */
  decisions: 300,
  /** Milliseconds between two readings of what no decision tells: agents' load, the process, the freeze. */
  shortPollMs: 5_000,
  /** The same for the health of all connections, and for each 500 of them beside. */
  longPollMs: 15_000,
  longPollPerPageMs: 3_000,
} as const;

/** How far a first reading is. */
export type Loading = 'loading' | 'ready' | 'failed';

/**
 * What the console knows as of now: lists read by REST in pages, moved on by the live stream. Listeners hear of changes once
 * a frame at most.
 */
export class LiveStore {
  readonly world: World = emptyWorld();
  /** The newest first. */
  decisions: readonly LiveEvent[] = [];
  status: Status | undefined;
  freeze: Freeze | undefined;
  feed: FeedState = { state: 'connecting' };
  loading: Loading = 'loading';
  /** All agents were read once: until then nobody knows what a connection's ends are. */
  agentsKnown = false;
  /** Why the last reading failed; absent: it did not. */
  error: ApiError | undefined;
  /** When REST answered last, by the controller's clock; undefined: never. */
  heardMs: number | undefined;
  /** Counts changes of the world: what was made of it is still so while it stands. */
  revision = 0;
  /** There are more connections than are kept. */
  isCut = false;
  /** Where the list of failovers goes on; absent: all are read. */
  private failoversNext: string | undefined;
  private readonly listeners = new Set<() => void>();
  private framed = false;
  private clockOffsetMs = 0;
  private live: LiveFeed | undefined;
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private reading = new AbortController();
  private changedMeanwhile = new Set<string>();

  private readonly unfinished: UnfinishedMoves;

  constructor(private readonly api: ApiClient) {
    this.unfinished = new UnfinishedMoves(api);
  }

  /** @returns what ends it */
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Begins anew: the stream first, so that nothing falls between it and the lists. */
  start(): void {
    this.stop();
    this.reading = new AbortController();
    this.error = undefined;
    this.loading = this.world.connections.size > 0 ? this.loading : 'loading';
    this.live = new LiveFeed({
      open: (headers, signal) => this.api.open('/events', headers, signal),
      onEvents: (events) => this.take(events),
      onState: (feed) => {
        this.feed = feed;
        this.changed();
      },
      onGap: () =>
        void this.attempt(
          async () => void (await Promise.all([this.readConnections(), this.readFailovers()])),
        ),
    });
    this.live.start();
    void this.readAll();
  }

  stop(): void {
    this.live?.stop();
    this.reading.abort();
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  reconnect(): void {
    this.live?.retryNow();
  }

  /** The controller's clock, in milliseconds: what it tells is older or newer by that, not by this machine's. */
  nowMs(): number {
    return Date.now() + this.clockOffsetMs;
  }

  get hasMoreFailovers(): boolean {
    return this.failoversNext !== undefined && this.world.failovers.size < STORE_LIMITS.failovers;
  }

  async readMoreFailovers(): Promise<void> {
    const cursor = this.failoversNext;
    if (cursor === undefined || !this.hasMoreFailovers) return;
    this.failoversNext = undefined;
    await this.attempt(async () => this.readFailovers(cursor));
  }

  /** One connection that the lists may not have, as when an address names it. */
  async readConnection(id: string): Promise<Connection> {
    const row = await this.api.get<Connection>(`/connections/${encodeURIComponent(id)}`);
    mergeConnection(this.world.connections, row);
    this.changed();
    return this.world.connections.get(id) ?? row;
  }

  /** The freeze anew, after it was asked for. */
  async readFreeze(): Promise<void> {
    this.freeze = await this.api.get<Freeze>('/freeze', {}, this.reading.signal);
    this.changed();
  }

  private take(events: readonly LiveEvent[]): void {
    for (const event of events) {
      const what = foldEvent(this.world, event);
      if (what === 'connection' && event.connection_id) this.changedMeanwhile.add(event.connection_id);
      if (what === 'settings') void this.attempt(() => this.readFreeze());
    }
    forgetOldest(this.world.failovers, STORE_LIMITS.failovers);
    const told = events.filter(({ type }) => type !== 'writer-claimed').reverse();
    this.decisions = [...told, ...this.decisions].slice(0, STORE_LIMITS.decisions);
    this.changed();
  }

  private async readAll(): Promise<void> {
    const failovers = this.attempt(() => this.readFailovers());
    await Promise.all([this.pollShort(), failovers, this.pollLong(failovers)]);
  }

  private async pollShort(): Promise<void> {
    const { signal } = this.reading;
    await this.attempt(async () => {
      const beforeMs = Date.now();
      const [status, freeze] = await Promise.all([
        this.api.get<Status>('/status', {}, signal),
        this.api.get<Freeze>('/freeze', {}, signal).catch(() => this.freeze),
        this.readAgents(),
      ]);
      this.status = status;
      this.freeze = freeze;
      this.clockOffsetMs = Date.parse(status.now) - (beforeMs + Date.now()) / 2;
      this.changed();
    });
    this.again(signal, () => this.pollShort(), STORE_LIMITS.shortPollMs);
  }

  /** @param before what is waited for between the list of connections and what that list needs of the failovers */
  private async pollLong(before?: Promise<void>): Promise<void> {
    const { signal } = this.reading;
    await this.attempt(() => this.readConnections());
    await before;
    await this.attempt(() => this.unfinished.read(this.world, signal));
    this.changed();
    const pages = Math.ceil(this.world.connections.size / 500);
    this.again(
      signal,
      () => this.pollLong(),
      STORE_LIMITS.longPollMs + pages * STORE_LIMITS.longPollPerPageMs,
    );
  }

  private async readAgents(): Promise<void> {
    const met = new Set<string>();
    const { signal } = this.reading;
    await readPages<Agent>(this.api, '/agents', { signal, most: STORE_LIMITS.agents }, (items) => {
      for (const agent of items) {
        met.add(agent.agent_id);
        mergeAgent(this.world.agents, agent);
      }
    });
    for (const id of this.world.agents.keys()) if (!met.has(id)) this.world.agents.delete(id);
    this.agentsKnown = true;
    this.changed();
  }

  private async readConnections(): Promise<void> {
    const met = new Set<string>();
    this.changedMeanwhile = new Set();
    const { signal } = this.reading;
    const bounds = { signal, most: STORE_LIMITS.connections };
    const isWhole = await readPages<Connection>(this.api, '/connections', bounds, (items) => {
      for (const row of items) {
        met.add(row.connection_id);
        mergeConnection(this.world.connections, row);
      }
      this.changed();
    });
    this.isCut = !isWhole;
    // What the list no longer has is gone, unless it came after its page was read.
    for (const id of isWhole ? this.world.connections.keys() : []) {
      if (!met.has(id) && !this.changedMeanwhile.has(id)) this.world.connections.delete(id);
    }
    this.loading = 'ready';
    this.changed();
  }

  private async readFailovers(cursor?: string): Promise<void> {
    const { signal } = this.reading;
    const bounds = { signal, most: STORE_LIMITS.firstFailovers, ...(cursor !== undefined && { cursor }) };
    await readPages<Failover>(this.api, '/failovers', bounds, (items, next) => {
      for (const failover of items) mergeFailover(this.world.failovers, failover);
      this.failoversNext = next;
    });
    this.changed();
  }

  /** Failures are shown, and the next reading is tried all the same. */
  private async attempt(read: () => Promise<void>): Promise<void> {
    const { signal } = this.reading;
    try {
      await read();
      // The controller is back: the stream need not wait for its turn.
      if (this.error !== undefined) this.live?.retryNow();
      this.error = undefined;
      this.heardMs = this.nowMs();
    } catch (error) {
      if (signal.aborted) return;
      this.error = error instanceof ApiError ? error : new ApiError(0, undefined, String(error));
      if (this.loading === 'loading') this.loading = 'failed';
      this.changed();
    }
  }

  /** What nobody looks at is not read. */
  private again(signal: AbortSignal, read: () => Promise<void>, afterMs: number): void {
    if (signal.aborted) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (document.hidden) this.again(signal, read, afterMs);
      else void read();
    }, afterMs);
    this.timers.add(timer);
  }

  /** Once a frame, however much changed. */
  private changed(): void {
    this.revision += 1;
    if (this.framed) return;
    this.framed = true;
    requestAnimationFrame(() => {
      this.framed = false;
      for (const listener of this.listeners) listener();
    });
  }
}
