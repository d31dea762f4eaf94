import type { ConsoleContext } from '../context.ts';
import type { Connection, ConnectionEvent, Explanation, Failover, HealthHistory, Page } from '../model.ts';
import { failoverAsOf } from './fold.ts';
import { readPages } from './pages.ts';
import { readable } from './readable.ts';
import { Resource } from './resource.ts';

/** Health and heartbeats come with reports, not with decisions: the row is read anew so often, in milliseconds. */
const POLL_MS = 5_000;
/** Of so many times the health over time is read once. */
const HEALTH_EVERY = 2;
/** Decisions that are read at most, and failovers that are shown. */
const MOST_EVENTS = 2_000;
const MOVES = 50;

/** All that the page of one connection reads; it follows the stream, and the moment that is looked at. */
export class ConnectionReading {
  readonly own: Resource<Connection>;
  readonly why: Resource<Explanation>;
  readonly events: Resource<ConnectionEvent[]>;
  readonly health: Resource<HealthHistory>;
  readonly moves: Resource<Page<Failover>>;
  private context: ConsoleContext | undefined;
  private id = '';
  private timer: ReturnType<typeof setInterval> | undefined;
  private polls = 0;
  private place = '';
  private version = 0;

  constructor(changed: () => void) {
    this.own = new Resource(changed);
    this.why = new Resource(changed);
    this.events = new Resource(changed);
    this.health = new Resource(changed);
    this.moves = new Resource(changed);
  }

  start(context: ConsoleContext): void {
    this.context = context;
    this.timer = setInterval(() => this.poll(), POLL_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.place = '';
    for (const each of [this.own, this.why, this.events, this.health, this.moves]) each.stop();
  }

  /** The row of the lists while it is live, so that the page moves with the stream. */
  get row(): Connection | undefined {
    const { context, own } = this;
    const listed = context?.at === undefined ? context?.world.connections.get(this.id) : undefined;
    if (own.value === undefined || listed === undefined) return listed ?? own.value;
    return listed.version >= own.value.version ? listed : own.value;
  }

  get error(): Error | undefined {
    return this.own.error;
  }

  /** Reads what is new: all of it for another connection, moment or token; what a decision changes, for another version. */
  want(id: string): void {
    const { context } = this;
    if (context === undefined) return;
    this.id = id;
    const place = [id, context.at, context.session.bearer].join(' ');
    const version = this.row?.version ?? 0;
    if (place !== this.place) this.readAll(place);
    else if (this.version !== 0 && version > this.version) this.readDecided();
    this.place = place;
    this.version = version;
  }

  private readAll(place: string): void {
    this.own.want(place, (signal) => this.get('', signal, this.atQuery));
    this.why.want(place, (signal) => this.readWhy(signal));
    this.events.want(place, (signal) => this.readEvents(signal));
    this.moves.want(place, (signal) => this.readMoves(signal));
    if (this.context?.at === undefined) this.health.want(place, (signal) => this.get('/health', signal));
  }

  private readDecided(): void {
    this.why.again((signal) => this.readWhy(signal));
    this.events.again((signal) => this.readEvents(signal));
    this.moves.again((signal) => this.readMoves(signal));
  }

  private poll(): void {
    const { context } = this;
    if (context === undefined || context.at !== undefined || document.hidden) return;
    // A failure is shown by the store's own polls; the page keeps what it has.
    void context.store.readConnection(this.id).catch(() => undefined);
    this.polls += 1;
    if (this.polls % HEALTH_EVERY === 0) this.health.again((signal) => this.get('/health', signal));
  }

  private get atQuery(): { at?: string } {
    const at = this.context?.at;
    return at === undefined ? {} : { at };
  }

  private get<T>(rest: string, signal: AbortSignal, query: { at?: string } = {}): Promise<T> {
    const { context } = this;
    if (context === undefined) throw new Error('not started');
    return context.api.get<T>(`/connections/${encodeURIComponent(this.id)}${rest}`, query, signal);
  }

  private async readWhy(signal: AbortSignal): Promise<Explanation> {
    return readable(await this.get<Explanation>('/explain', signal, this.atQuery));
  }

  private async readEvents(signal: AbortSignal): Promise<ConnectionEvent[]> {
    const all: ConnectionEvent[] = [];
    const { context } = this;
    const path = `/connections/${encodeURIComponent(this.id)}/events`;
    if (context !== undefined) {
      await readPages<ConnectionEvent>(context.api, path, { signal, most: MOST_EVENTS }, (items) => {
        all.push(...items);
      });
    }
    return all;
  }

  private async readMoves(signal: AbortSignal): Promise<Page<Failover>> {
    const { context } = this;
    if (context === undefined) return { items: [] };
    const page = await context.api.get<Page<Failover>>(
      '/failovers',
      { connection_id: this.id, limit: MOVES },
      signal,
    );
    const { at } = context;
    if (at === undefined) return page;
    return { items: page.items.flatMap((each) => failoverAsOf(each, at) ?? []) };
  }
}
