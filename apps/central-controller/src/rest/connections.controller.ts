import { Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { JsonBody } from '../http/json-body.ts';
import { NoQueryGuard } from '../http/no-query.guard.ts';
import { connectionIdPipe, QueryPipe } from '../http/validation.ts';
import { ApiProblems } from './api-problems.ts';
import { RequestFailover } from './commands.ts';
import { ConnectionsQuery, FailoverBody, PageQuery } from './dto.ts';
import { GetConnection, ListConnectionEvents, ListConnections } from './queries.ts';
import { Traceparent } from './traceparent.ts';
import { Accepted, Connection, ConnectionEventPage, ConnectionPage } from './views.ts';

@ApiTags('connections')
@Controller('api/v1/connections')
export class ConnectionsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly commands: CommandBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Connections by id, filtered; every filter given must hold' })
  @ApiOkResponse({ type: ConnectionPage })
  @ApiProblems('invalid-parameter', 'invalid-cursor', 'registry-rebuilding', 'registry-unavailable')
  list(@Query(QueryPipe) { limit, cursor, ...filter }: ConnectionsQuery): Promise<ConnectionPage> {
    return this.queries.execute(new ListConnections(defined(filter), defined({ limit, cursor })));
  }

  @Get(':id')
  @UseGuards(NoQueryGuard)
  @ApiOperation({ summary: 'One connection, now' })
  @ApiParam({ name: 'id', description: '`:` may be written `%3A`' })
  @ApiOkResponse({ type: Connection })
  @ApiProblems('invalid-parameter', 'connection-not-found', 'registry-rebuilding', 'registry-unavailable')
  one(@Param('id', connectionIdPipe) id: string): Promise<Connection> {
    return this.queries.execute(new GetConnection(id));
  }

  @Get(':id/events')
  @ApiOperation({ summary: 'Its decisions, oldest first; of very many only the newest' })
  @ApiOkResponse({ type: ConnectionEventPage })
  @ApiProblems('invalid-parameter', 'invalid-cursor', 'connection-not-found', 'registry-rebuilding')
  events(
    @Param('id', connectionIdPipe) id: string,
    @Query(QueryPipe) { limit, cursor }: PageQuery,
  ): Promise<ConnectionEventPage> {
    return this.queries.execute(new ListConnectionEvents(id, defined({ limit, cursor })));
  }

  @Post(':id/failover')
  @HttpCode(202)
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Asks for a move; the answer says that it was asked, not that it was decided' })
  @ApiBody({ type: FailoverBody })
  @ApiAcceptedResponse({ type: Accepted })
  @ApiProblems('invalid-body', 'missing-token', 'invalid-token', 'connection-not-found', 'log-unavailable')
  failover(
    @Param('id', connectionIdPipe) id: string,
    @JsonBody(FailoverBody) body: FailoverBody,
    @Traceparent() traceparent?: string,
  ): Promise<Accepted> {
    return this.commands.execute(new RequestFailover(id, body, traceparent));
  }
}

/** Members without a value are absent, as everywhere. */
export function defined<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}
