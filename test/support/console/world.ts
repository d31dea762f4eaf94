import type { Scenario } from '../../../libs/domain/testing/scenario.ts';
import { SessionScenario } from '../../../libs/domain/testing/session.ts';
import { Random } from '../../simulation/random.ts';
import { Aggregate, type Told } from './aggregate.ts';
import {
  BROKERS,
  clientName,
  DEAD_SERVER,
  makeFleet,
  type StageAgent,
  serverName,
  sizeFor,
} from './fleet.ts';
import { bereft, type Cast, steady, steadyRow, storyOf } from './stories.ts';

export interface WorldOptions {
  readonly seed?: number;
  /** Links; default 200. */
  readonly links?: number;
  /** Sessions; default one for ten links, 24 at most. */
  readonly sessions?: number;
  /** Milliseconds since 1970 that count as now when the world is made. */
  readonly nowMs?: number;
}

/** Links that may have more of a history than that they stand; deciding it takes time. */
const TOLD_LINKS = 1_000;
/** When that server died, before the world is looked at, and how long its links take to notice; in milliseconds. */
const DIED_AGO_MS = 4 * 60_000;
const SPREAD_MS = 900;
const HOUR_MS = 3_600_000;
const NAMES = ['primary', 'secondary', 'atm', 'pos', 'ecom', 'fuel', 'kiosk', 'batch'];

/** Connections and agents of two control regions, decided by the product's own rules. The same seed, the same world. */
export class World {
  readonly random: Random;
  readonly madeMs: number;
  readonly agents = new Map<string, StageAgent>();
  readonly connections = new Map<string, Aggregate>();
  /** Told of each decision that comes after the world was made. */
  onDecision: ((told: Told) => void) | undefined;
  private ids: string[] | undefined;

  constructor({ seed = 1, links = 200, sessions, nowMs = Date.now() }: WorldOptions = {}) {
    this.random = new Random(seed);
    this.madeMs = nowMs;
    const size = sizeFor(links);
    for (const agent of makeFleet(size, links, this.random)) this.agents.set(agent.agent_id, agent);
    const dead = this.agents.get(serverName(DEAD_SERVER));
    if (dead) Object.assign(dead, { status: 'lost', lastReportMs: nowMs - DIED_AGO_MS });
    for (let n = 0; n < links; n++) this.addLink(n, size);
    for (let n = 0; n < (sessions ?? Math.min(24, Math.ceil(links / 10))); n++) this.addSession(n);
  }

  /** Of all connections, in their order. */
  get sortedIds(): readonly string[] {
    this.ids ??= [...this.connections.keys()].sort();
    return this.ids;
  }

  /** Something happens to a connection: what was decided on it since is told, in the order of its time. */
  tell(aggregate: Aggregate): Told[] {
    const fresh = aggregate.gather();
    for (const told of fresh) this.onDecision?.(told);
    return fresh;
  }

  /** Links whose path stands now, on that server if one is named, by id. */
  standing(serverId?: string): Aggregate<Scenario>[] {
    return this.sortedIds
      .map((id) => this.connections.get(id) as Aggregate<Scenario>)
      .filter(({ row }) => row.kind === 'link' && row.phase === 'active')
      .filter(({ row }) => serverId === undefined || row.server_id === serverId);
  }

  private addLink(n: number, { clients, servers }: ReturnType<typeof sizeFor>): void {
    const client = n % clients;
    const row = Math.floor(n / clients);
    const clientId = clientName(client);
    const name = `${NAMES[row % NAMES.length]}${row < NAMES.length ? '' : `-${Math.floor(row / NAMES.length) + 1}`}`;
    const server = n % servers;
    const died = [bereft, 0, DIED_AGO_MS - SPREAD_MS, DIED_AGO_MS] as const;
    const isOf = server === DEAD_SERVER && died;
    const [story, , from, to] = isOf || (n < TOLD_LINKS && storyOf(n, this.random)) || [steady, 0, 0, 1];
    const agoMs = story === steady ? 0 : this.random.between(from, to);
    const cast: Cast = {
      id: `${clientId}:${name}`,
      clientId,
      location: this.agents.get(clientId)?.location ?? '',
      server,
      servers,
      sinceMs: this.madeMs - this.random.between(6 * HOUR_MS, 9 * HOUR_MS),
      upAfterMs: this.random.between(6, 40),
      atMs: this.madeMs - agoMs,
      random: new Random(n + 1),
    };
    this.add(new Aggregate(cast.id, () => story(cast), story === steady ? steadyRow(cast) : undefined));
  }

  private addSession(n: number): void {
    const id = `ses_${this.random.between(1e9, 9e9).toString(36)}${this.random.between(1e9, 9e9).toString(36)}`;
    const nowMs = this.madeMs - this.random.between(60_000, 2 * HOUR_MS);
    const make = () => {
      const scenario = new SessionScenario(id);
      scenario.nowMs = nowMs;
      for (const broker of BROKERS) scenario.broker(broker);
      tellSession(scenario, n, new Random(n + 1));
      return scenario;
    };
    this.add(new Aggregate(id, make));
  }

  private add(aggregate: Aggregate): void {
    this.connections.set(aggregate.id, aggregate);
    this.ids = undefined;
  }
}

/** Most are open; some wait for their target, were resumed at another broker, or are over. */
function tellSession(given: SessionScenario, n: number, random: Random): void {
  const identity = `technician-${1 + (n % 5)}`;
  given.request({ controller_id: identity });
  given.pass(random.between(5, 40)).answerAll();
  if (n % 8 === 5) return;
  const broker = n % 3 === 0 ? 'us-2' : 'in-3';
  const probes = { 'us-2': { 'us-1': 16, 'us-2': 15, 'in-3': 170, 'in-4': 171 }, 'in-3': undefined }[broker];
  const trips = probes && Object.entries(probes).map(([broker_id, rtt_ms]) => ({ broker_id, rtt_ms }));
  given.pass(random.between(4_000, 40_000));
  given.target(broker, { identity: `till-${n + 1}`, ...(trips && { probes: trips }) });
  given.pass(random.between(5, 40)).answerAll();
  given.pass(random.between(100, 400)).controller(broker, { identity });
  given.pass(random.between(5, 40)).answerAll();
  given.pass(random.between(2, 9)).opened();
  if (n % 8 === 7) given.pass(30_000).closed('endpoint-closed');
}
