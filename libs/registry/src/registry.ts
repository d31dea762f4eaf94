import { type AgentFilter, type AgentView, listAgents, oneAgent } from './agents.ts';
import { Audit } from './audit.ts';
import { RedisClient } from './client.ts';
import {
  type ConnectionFilter,
  type ConnectionSort,
  type ConnectionView,
  type EventView,
  eventsOfConnection,
  listConnections,
  oneConnection,
} from './connections.ts';
import type { Page, PageRequest } from './cursor.ts';
import { type ApplyOutcome, applyDecisions, type DecisionRecord } from './decisions.ts';
import type { RebuildProgress } from './errors.ts';
import { type FailoverFilter, type FailoverView, listFailovers, oneFailover } from './failovers.ts';
import { type HealthPointView, healthOf } from './health.ts';
import type { HistoryEntry } from './history/entry.ts';
import { connectionAt, type HistoryRange, historyOf, listConnectionsAt } from './history/read.ts';
import { Positions, positionField } from './positions.ts';
import { type AgentLoad, applyReports, type ConnectionBeat } from './reports.ts';
import { type FreezeView, freezeOf, listPolicies, onePolicy, type PolicyView } from './settings.ts';
import { Wholeness } from './wholeness.ts';

export interface RegistryOptions {
  /** `redis[s]://host:port[/db]`, or `redis[s]+cluster://host:port,host:port`. */
  readonly url: string;
  /** Told of every lost connection, maybe often; the registry goes on trying. */
  onError?(error: Error): void;
}

/** Whose projector's positions say whether the registry is whole. */
export interface ReaderScope {
  readonly region: string;
  /** Every topic that projector reads. */
  readonly topics: readonly string[];
  readonly partitions: number;
}

/** What a projector writes. Everything here may be repeated without harm. */
export interface RegistryWriter {
  applyDecisions(records: readonly DecisionRecord[]): Promise<ApplyOutcome>;
  /** Gives the connections that have no row yet: nothing of them was taken. */
  applyReports(agents: readonly AgentLoad[], connections: readonly ConnectionBeat[]): Promise<string[]>;
  readonly positions: Positions;
  readonly audit: Audit;
  /** Whether no partition of these topics is missing or being rebuilt, by whatever process. */
  whole(topics: readonly string[], partitions: number): Promise<boolean>;
  ping(): Promise<void>;
  close(): void;
}

/**
 * What anyone reads.
 * @throws RegistryRebuilding while the registry may lack something; RegistryUnavailable without Redis;
 * BeforeRetention, of what was, when it is not kept any more.
 */
export interface RegistryReader {
  /** By `connection_id` unless `sort` says otherwise. */
  connections(
    filter: ConnectionFilter,
    page: PageRequest,
    sort?: ConnectionSort,
  ): Promise<Page<ConnectionView>>;
  connection(id: string): Promise<ConnectionView | undefined>;
  /** Undefined: no such connection. */
  connectionEvents(id: string, page: PageRequest): Promise<Page<EventView> | undefined>;
  /** As the newest decision up to then left it, without what reports say. Undefined: there was none. */
  connectionAt(id: string, atMs: number): Promise<ConnectionView | undefined>;
  /** As of then, by id; a page may be short, or empty, and have a cursor. */
  connectionsAt(filter: ConnectionFilter, page: PageRequest, atMs: number): Promise<Page<ConnectionView>>;
  /** Decisions by version, oldest first, from the oldest that is kept. Undefined: no such connection. */
  historyOf(id: string, range: HistoryRange): Promise<HistoryEntry[] | undefined>;
  /** Its health over time, of the newest REGISTRY_LIMITS.healthLifeMs, oldest first. Undefined: no such connection. */
  connectionHealth(id: string, fromMs: number, toMs: number): Promise<HealthPointView[] | undefined>;
  agents(page: PageRequest, nowMs: number, filter?: AgentFilter): Promise<Page<AgentView>>;
  agent(id: string, nowMs: number): Promise<AgentView | undefined>;
  /** The newest first. */
  failovers(page: PageRequest, filter?: FailoverFilter): Promise<Page<FailoverView>>;
  failover(id: string): Promise<FailoverView | undefined>;
  /** Of the reader's own control region, by name. */
  policies(): Promise<PolicyView[]>;
  policy(name: string): Promise<PolicyView | undefined>;
  /** Of one control region, the reader's own unless named. Undefined: none was ever asked for there. */
  freeze(region?: string): Promise<FreezeView | undefined>;
  /** Undefined: the registry is whole. */
  missing(): Promise<RebuildProgress | undefined>;
  close(): void;
}

export function openRegistryWriter(options: RegistryOptions, region: string): RegistryWriter {
  const client = new RedisClient(options.url, (error) => options.onError?.(error));
  return {
    applyDecisions: (records) => applyDecisions(client, records),
    applyReports: (agents, connections) => applyReports(client, agents, connections),
    positions: new Positions(client, region),
    audit: new Audit(client),
    whole: async (topics, partitions) => {
      const fields = fieldsOf({ region, topics, partitions });
      return (await new Wholeness(client, region, fields).missing()) === undefined;
    },
    ping: async () => {
      await client.run([['ping']]);
    },
    close: () => client.close(),
  };
}

export function openRegistryReader(options: RegistryOptions, scope: ReaderScope): RegistryReader {
  const client = new RedisClient(options.url, (error) => options.onError?.(error));
  const whole = new Wholeness(client, scope.region, fieldsOf(scope));
  return {
    connections: (filter, page, sort) => whole.reading(() => listConnections(client, filter, page, sort)),
    connection: (id) => whole.reading(() => oneConnection(client, id)),
    connectionEvents: (id, page) => whole.reading(() => eventsOfConnection(client, id, page)),
    connectionAt: (id, atMs) => whole.reading(() => connectionAt(client, id, atMs)),
    connectionsAt: (filter, page, atMs) => whole.reading(() => listConnectionsAt(client, filter, page, atMs)),
    historyOf: (id, range) => whole.reading(() => historyOf(client, id, range)),
    connectionHealth: (id, fromMs, toMs) => whole.reading(() => healthOf(client, id, fromMs, toMs)),
    agents: (page, nowMs, filter) => whole.reading(() => listAgents(client, page, nowMs, filter)),
    agent: (id, nowMs) => whole.reading(() => oneAgent(client, id, nowMs)),
    failovers: (page, filter) => whole.reading(() => listFailovers(client, page, filter)),
    failover: (id) => whole.reading(() => oneFailover(client, id)),
    policies: () => whole.reading(() => listPolicies(client, scope.region)),
    policy: (name) => whole.reading(() => onePolicy(client, scope.region, name)),
    freeze: (region = scope.region) => whole.reading(() => freezeOf(client, region)),
    missing: () => whole.missing(),
    close: () => client.close(),
  };
}

function fieldsOf({ topics, partitions }: ReaderScope): string[] {
  return topics.flatMap((topic) =>
    Array.from({ length: partitions }, (_none, partition) => positionField(topic, partition)),
  );
}
