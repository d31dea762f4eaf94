import { Controller, Get, Param, Query, UseGuards } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { NoQueryGuard } from '../http/no-query.guard.ts';
import { failoverIdPipe, QueryPipe } from '../http/validation.ts';
import { ApiProblems } from './api-problems.ts';
import { defined } from './connections.controller.ts';
import { PageQuery } from './dto.ts';
import { GetFailover, ListFailovers } from './queries.ts';
import { Failover, FailoverPage } from './views.ts';

@ApiTags('failovers')
@Controller('api/v1/failovers')
export class FailoversController {
  constructor(private readonly queries: QueryBus) {}

  @Get()
  @ApiOperation({ summary: 'Moves of connections, the newest first' })
  @ApiOkResponse({ type: FailoverPage })
  @ApiProblems('invalid-parameter', 'invalid-cursor', 'registry-rebuilding', 'registry-unavailable')
  list(@Query(QueryPipe) { limit, cursor }: PageQuery): Promise<FailoverPage> {
    return this.queries.execute(new ListFailovers(defined({ limit, cursor })));
  }

  @Get(':id')
  @UseGuards(NoQueryGuard)
  @ApiOkResponse({ type: Failover })
  @ApiProblems('invalid-parameter', 'failover-not-found', 'registry-rebuilding', 'registry-unavailable')
  one(@Param('id', failoverIdPipe) id: string): Promise<Failover> {
    return this.queries.execute(new GetFailover(id));
  }
}
