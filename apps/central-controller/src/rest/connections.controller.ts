import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { JsonBody } from '../http/json-body.ts';
import { connectionIdPipe, QueryPipe } from '../http/validation.ts';
import { ApiProblems } from './api-problems.ts';
import { AskedBy, type Asker } from './asker.ts';
import { AtQuery } from './at.ts';
import { RequestFailover } from './commands.ts';
import { ConnectionsQuery, FailoverBody, PageQuery } from './dto.ts';
import { Idempotent } from './idempotency.ts';
import { GetConnection, GetConnectionHealth, ListConnectionEvents, ListConnections } from './queries.ts';
import { Accepted, Connection, ConnectionEventPage, ConnectionHealth, ConnectionPage } from './views.ts';

/** Of calls that take `at`. */
const AS_OF =
  'With `at`: rows as the newest decisions up to then left them, by the times of the decisions, without `health_score` and ' +
  '`last_heartbeat`, which are not kept. A list as of then may have pages that are short or empty: only the absence of ' +
  '`next_cursor` means the end. Before its first decision a connection is not found.';

@ApiTags('connections')
@Controller('api/v1/connections')
export class ConnectionsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly commands: CommandBus,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Connections by id, now or as of a moment, filtered; every filter given must hold',
    description: AS_OF,
  })
  @ApiOkResponse({ type: ConnectionPage })
  @ApiProblems(
    'invalid-parameter',
    'invalid-cursor',
    'before-retention',
    'registry-rebuilding',
    'registry-unavailable',
  )
  list(@Query(QueryPipe) { limit, cursor, at, sort, ...filter }: ConnectionsQuery): Promise<ConnectionPage> {
    return this.queries.execute(new ListConnections(defined(filter), defined({ limit, cursor }), at, sort));
  }

  @Get(':id')
  @ApiOperation({ summary: 'One connection, now or as of a moment', description: AS_OF })
  @ApiParam({ name: 'id', description: '`:` may be written `%3A`' })
  @ApiOkResponse({ type: Connection })
  @ApiProblems(
    'invalid-parameter',
    'connection-not-found',
    'before-retention',
    'registry-rebuilding',
    'registry-unavailable',
  )
  one(@Param('id', connectionIdPipe) id: string, @Query(QueryPipe) { at }: AtQuery): Promise<Connection> {
    return this.queries.execute(new GetConnection(id, at));
  }

  @Get(':id/health')
  @ApiOperation({
    summary: 'Its health over the last hour at most, oldest first',
    description:
      'As its client (a session: its broker) reported it: one point a minute, and one where the score changed by a whole point. ' +
      'With `at`: up to then; more than an hour ago is not kept.',
  })
  @ApiOkResponse({ type: ConnectionHealth })
  @ApiProblems(
    'invalid-parameter',
    'connection-not-found',
    'before-retention',
    'registry-rebuilding',
    'registry-unavailable',
  )
  health(
    @Param('id', connectionIdPipe) id: string,
    @Query(QueryPipe) { at }: AtQuery,
  ): Promise<ConnectionHealth> {
    return this.queries.execute(new GetConnectionHealth(id, at));
  }

  @Get(':id/events')
  @ApiOperation({ summary: 'Its decisions, oldest first; of very many only the newest' })
  @ApiOkResponse({ type: ConnectionEventPage })
  @ApiProblems(
    'invalid-parameter',
    'invalid-cursor',
    'connection-not-found',
    'registry-rebuilding',
    'registry-unavailable',
  )
  events(
    @Param('id', connectionIdPipe) id: string,
    @Query(QueryPipe) { limit, cursor }: PageQuery,
  ): Promise<ConnectionEventPage> {
    return this.queries.execute(new ListConnectionEvents(id, defined({ limit, cursor })));
  }

  @Post(':id/failover')
  @HttpCode(202)
  // Of one epoch there is one move.
  @Idempotent(({ epoch }) => epoch !== undefined)
  @ApiOperation({ summary: 'Asks for a move; the answer says that it was asked, not that it was decided' })
  @ApiBody({ type: FailoverBody })
  @ApiAcceptedResponse({ type: Accepted })
  @ApiProblems('invalid-body', 'connection-not-found', 'log-unavailable')
  failover(
    @Param('id', connectionIdPipe) id: string,
    @JsonBody(FailoverBody) body: FailoverBody,
    @AskedBy() asker: Asker,
  ): Promise<Accepted> {
    return this.commands.execute(new RequestFailover(id, body, asker));
  }
}

/** Members without a value are absent, as everywhere. */
export function defined<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}
