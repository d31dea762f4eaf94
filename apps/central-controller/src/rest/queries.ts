import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { TIMING } from '#libs/contracts';
import type { Clock } from '#libs/platform';
import {
  type AgentFilter,
  type AgentView,
  BeforeRetention,
  type ConnectionFilter,
  type ConnectionSort,
  type ConnectionView,
  type EventView,
  type FailoverFilter,
  type FailoverView,
  type HealthPointView,
  type Page,
  type PageRequest,
  REGISTRY_LIMITS,
  type RegistryReader,
} from '#libs/registry';
import { CLOCK } from '../core/tokens.ts';
import { Problem } from '../http/problem.ts';
import { momentOf } from './at.ts';
import { REGISTRY } from './tokens.ts';

export class ListConnections extends Query<Page<ConnectionView>> {
  constructor(
    readonly filter: ConnectionFilter,
    readonly page: PageRequest,
    /** RFC 3339; absent: now. */
    readonly at?: string,
    readonly sort?: ConnectionSort,
  ) {
    super();
  }
}
@QueryHandler(ListConnections)
export class ListConnectionsHandler implements IQueryHandler<ListConnections> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ filter, page, at, sort }: ListConnections) {
    if (at === undefined) return this.registry.connections(filter, page, sort);
    if (sort !== undefined && sort !== 'connection_id') {
      throw new Problem('invalid-parameter', { detail: 'sort: as of a moment connections are listed by id' });
    }
    return this.registry.connectionsAt(filter, page, momentOf(at, this.clock.wallMs()));
  }
}

export class GetConnection extends Query<ConnectionView> {
  constructor(
    readonly id: string,
    /** RFC 3339; absent: now. */
    readonly at?: string,
  ) {
    super();
  }
}
@QueryHandler(GetConnection)
export class GetConnectionHandler implements IQueryHandler<GetConnection> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ id, at }: GetConnection) {
    if (at === undefined) return found(await this.registry.connection(id), 'connection-not-found');
    return found(
      await this.registry.connectionAt(id, momentOf(at, this.clock.wallMs())),
      'connection-not-found',
      `nothing was decided on it until ${at}`,
    );
  }
}

export class GetConnectionHealth extends Query<{ connection_id: string; items: HealthPointView[] }> {
  constructor(
    readonly id: string,
    /** RFC 3339; absent: now. */
    readonly at?: string,
  ) {
    super();
  }
}
@QueryHandler(GetConnectionHealth)
export class GetConnectionHealthHandler implements IQueryHandler<GetConnectionHealth> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly queries: QueryBus,
  ) {}

  async execute({ id, at }: GetConnectionHealth) {
    const nowMs = this.clock.wallMs();
    const keptFromMs = nowMs - REGISTRY_LIMITS.healthLifeMs;
    const toMs = at === undefined ? nowMs + TIMING.clockSkewMs : momentOf(at, nowMs);
    if (toMs < keptFromMs) throw new BeforeRetention(keptFromMs);
    // Before its first decision there was no such connection.
    if (at !== undefined) await this.queries.execute(new GetConnection(id, at));
    const items = await this.registry.connectionHealth(id, keptFromMs, toMs);
    return { connection_id: id, items: found(items, 'connection-not-found') };
  }
}

export class ListConnectionEvents extends Query<Page<EventView>> {
  constructor(
    readonly id: string,
    readonly page: PageRequest,
  ) {
    super();
  }
}
@QueryHandler(ListConnectionEvents)
export class ListConnectionEventsHandler implements IQueryHandler<ListConnectionEvents> {
  constructor(@Inject(REGISTRY) private readonly registry: RegistryReader) {}

  async execute({ id, page }: ListConnectionEvents) {
    return found(await this.registry.connectionEvents(id, page), 'connection-not-found');
  }
}

export class ListAgents extends Query<Page<AgentView>> {
  constructor(
    readonly filter: AgentFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}
@QueryHandler(ListAgents)
export class ListAgentsHandler implements IQueryHandler<ListAgents> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  execute({ filter, page }: ListAgents) {
    return this.registry.agents(page, this.clock.wallMs(), filter);
  }
}

export class GetAgent extends Query<AgentView> {
  constructor(readonly id: string) {
    super();
  }
}
@QueryHandler(GetAgent)
export class GetAgentHandler implements IQueryHandler<GetAgent> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ id }: GetAgent) {
    return found(await this.registry.agent(id, this.clock.wallMs()), 'agent-not-found');
  }
}

export class ListFailovers extends Query<Page<FailoverView>> {
  constructor(
    readonly filter: FailoverFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}
@QueryHandler(ListFailovers)
export class ListFailoversHandler implements IQueryHandler<ListFailovers> {
  constructor(@Inject(REGISTRY) private readonly registry: RegistryReader) {}

  execute({ filter, page }: ListFailovers) {
    return this.registry.failovers(page, filter);
  }
}

export class GetFailover extends Query<FailoverView> {
  constructor(readonly id: string) {
    super();
  }
}
@QueryHandler(GetFailover)
export class GetFailoverHandler implements IQueryHandler<GetFailover> {
  constructor(@Inject(REGISTRY) private readonly registry: RegistryReader) {}

  async execute({ id }: GetFailover) {
    return found(await this.registry.failover(id), 'failover-not-found');
  }
}

export const QUERY_HANDLERS = [
  ListConnectionsHandler,
  GetConnectionHandler,
  GetConnectionHealthHandler,
  ListConnectionEventsHandler,
  ListAgentsHandler,
  GetAgentHandler,
  ListFailoversHandler,
  GetFailoverHandler,
];

/** @throws Problem when there is none. */
export function found<T>(
  view: T | undefined,
  code: `${string}-not-found` & Problem['code'],
  detail?: string,
): T {
  if (view === undefined) throw new Problem(code, detail === undefined ? {} : { detail });
  return view;
}
