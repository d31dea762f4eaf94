import type {
  AgentFilter,
  AgentView,
  ConnectionFilter,
  ConnectionSort,
  ConnectionView,
  FailoverFilter,
  FailoverView,
  FreezeView,
  HealthPointView,
  Page,
  PageRequest,
  PolicyView,
  RegistryReader,
} from '#libs/registry';
import { type Aggregate, HOME } from './aggregate.ts';
import type { StageAgent } from './fleet.ts';
import { healthPoints, scoreOf } from './health.ts';
import type { World } from './world.ts';

const DEFAULT_PAGE = 100;
const REPORT_MS = 5_000;
const SUSPECT_MS = 3 * REPORT_MS;

/** The registry of the stage: what a projector would have folded from the decisions of a world. */
export class StageRegistry implements RegistryReader {
  frozen: FreezeView | undefined;
  readonly known: PolicyView[];
  /** Thrown by every read instead of an answer, while it is set. */
  failure: Error | undefined;

  constructor(private readonly world: World) {
    this.known = policiesOf(world);
  }

  async connections(filter: ConnectionFilter, page: PageRequest, sort: ConnectionSort = 'connection_id') {
    const rows = this.rows(({ row }) => row, filter);
    if (sort.endsWith('updated_at')) rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    if (sort.startsWith('-')) rows.reverse();
    const { items, ...rest } = this.page(rows, page);
    return { items: items.map(withReports), ...rest };
  }

  async connection(id: string) {
    this.check();
    const found = this.world.connections.get(id);
    return found && withReports(found.row);
  }

  async connectionEvents(id: string, page: PageRequest) {
    this.check();
    const found = this.world.connections.get(id);
    // The region is the stage's own; REST's events do not have it.
    return (
      found &&
      this.page(
        found.events.map(({ region: _, ...event }) => event),
        page,
      )
    );
  }

  async connectionAt(id: string, atMs: number) {
    this.check();
    return this.world.connections.get(id)?.rowAt(atMs);
  }

  async connectionsAt(filter: ConnectionFilter, page: PageRequest, atMs: number) {
    return this.page(
      this.rows((each) => each.rowAt(atMs), filter),
      page,
    );
  }

  async connectionHealth(id: string, fromMs: number, toMs: number): Promise<HealthPointView[] | undefined> {
    this.check();
    const found = this.world.connections.get(id);
    return found && healthPoints((atMs) => found.rowAt(atMs), fromMs, Math.min(toMs, Date.now()));
  }

  async agents(page: PageRequest, nowMs: number, filter: AgentFilter = {}): Promise<Page<AgentView>> {
    const load = this.load();
    const views = [...this.world.agents.values()].map((agent) => viewOf(agent, load, nowMs));
    views.sort((a, b) => (a.agent_id < b.agent_id ? -1 : 1));
    return this.page(
      views.filter((view) => fits(view, filter)),
      page,
    );
  }

  async agent(id: string, nowMs: number): Promise<AgentView | undefined> {
    this.check();
    const found = this.world.agents.get(id);
    return found && viewOf(found, this.load(), nowMs);
  }

  async failovers(page: PageRequest, filter: FailoverFilter = {}): Promise<Page<FailoverView>> {
    const { sinceMs = 0, untilMs = Number.POSITIVE_INFINITY, ...others } = filter;
    const within = ({ detected_at }: FailoverView) =>
      Date.parse(detected_at) >= sinceMs && Date.parse(detected_at) < untilMs;
    return this.page(
      this.ledgers().filter((view) => fits(view, others) && within(view)),
      page,
    );
  }

  async failover(id: string): Promise<FailoverView | undefined> {
    this.check();
    return this.ledgers().find(({ failover_id }) => failover_id === id);
  }

  async policies() {
    return this.known;
  }
  async policy(name: string) {
    return this.known.find((each) => each.name === name);
  }
  async freeze(region: string = HOME) {
    return this.frozen?.control_region === region ? this.frozen : undefined;
  }
  async missing() {
    this.check();
    return undefined;
  }
  async historyOf() {
    return undefined;
  }
  close(): void {}

  private rows(
    look: (each: Aggregate) => ConnectionView | undefined,
    filter: ConnectionFilter,
  ): ConnectionView[] {
    this.check();
    const rows: ConnectionView[] = [];
    for (const id of this.world.sortedIds) {
      const row = look(this.world.connections.get(id) as Aggregate);
      if (row !== undefined && fits(row, filter)) rows.push(row);
    }
    return rows;
  }

  /** The newest first. */
  private ledgers(): FailoverView[] {
    const all = [...this.world.connections.values()].flatMap((each) => each.failovers());
    return all.sort((a, b) => (a.detected_at > b.detected_at ? -1 : 1));
  }

  private load(): Map<string, number> {
    this.check();
    const load = new Map<string, number>();
    for (const { row } of this.world.connections.values()) {
      if (row.status === 'closed' || row.status === 'failed') continue;
      for (const id of [row.client_id, row.server_id, row.broker_id]) {
        if (id !== undefined) load.set(id, (load.get(id) ?? 0) + 1);
      }
    }
    return load;
  }

  private page<T>(items: readonly T[], { limit = DEFAULT_PAGE, cursor }: PageRequest): Page<T> {
    this.check();
    const from = cursor === undefined ? 0 : Number(Buffer.from(cursor, 'base64url').toString());
    const page = items.slice(from, from + limit);
    if (from + limit >= items.length) return { items: page };
    return { items: page, next_cursor: Buffer.from(String(from + limit)).toString('base64url') };
  }

  private check(): void {
    if (this.failure) throw this.failure;
  }
}

/** A row as of now: what reports say beside what was decided. */
function withReports(row: ConnectionView): ConnectionView {
  const nowMs = Date.now();
  const health_score = scoreOf(row, nowMs);
  if (health_score === undefined) return row;
  return { ...row, health_score, last_heartbeat: new Date(nowMs - (nowMs % REPORT_MS)).toISOString() };
}

const keyOf = ({ updated_at, connection_id }: ConnectionView): string => `${updated_at}|${connection_id}`;

function fits<T extends object>(view: T, filter: { readonly [K in keyof T]?: T[K] | undefined }): boolean {
  return Object.entries(filter).every(
    ([name, wanted]) => wanted === undefined || view[name as keyof T] === wanted,
  );
}

function viewOf(
  { lastReportMs, ...agent }: StageAgent,
  load: ReadonlyMap<string, number>,
  nowMs: number,
): AgentView {
  const reportedMs = lastReportMs ?? nowMs - (nowMs % REPORT_MS);
  const isLate = nowMs - reportedMs > SUSPECT_MS;
  return {
    ...agent,
    status: agent.status === 'alive' && isLate ? 'suspect' : agent.status,
    connections: load.get(agent.agent_id) ?? 0,
    health_score: agent.status === 'lost' ? 0 : 96,
    last_heartbeat: new Date(reportedMs).toISOString(),
  };
}

function policiesOf({ madeMs }: World): PolicyView[] {
  const set = { control_region: HOME, updated_at: new Date(madeMs - 86_400_000).toISOString() };
  return [
    {
      ...set,
      name: 'careful',
      version: 3,
      server_group: 'scheme',
      settings: { damping_max_moves: 3, blast_share: 0.2 },
      requested_by: 'ann',
      reason: 'year-end freeze of changes',
    },
  ];
}
