import { Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { JsonBody } from '../http/json-body.ts';
import { NoQueryGuard } from '../http/no-query.guard.ts';
import { failoverIdPipe, QueryPipe } from '../http/validation.ts';
import { ApiProblems } from './api-problems.ts';
import { defined } from './connections.controller.ts';
import { PageQuery } from './dto.ts';
import { GetFailover, ListFailovers } from './queries.ts';
import { ApproveFailover } from './settings.commands.ts';
import { ApproveBody } from './settings.dto.ts';
import { Accepted, Failover, FailoverPage } from './views.ts';

@ApiTags('failovers')
@Controller('api/v1/failovers')
export class FailoversController {
  constructor(
    private readonly queries: QueryBus,
    private readonly commands: CommandBus,
  ) {}

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

  @Post(':id/approve')
  @HttpCode(202)
  @ApiBearerAuth()
  @ApiOperation({
    summary: 'Agrees to the moves that the blast radius holds back for the same cause as this one',
    description: 'Only the controllers of the home region of its connection take it; any other answers 409',
  })
  @ApiBody({ type: ApproveBody })
  @ApiAcceptedResponse({ type: Accepted })
  @ApiProblems(
    'invalid-body',
    'invalid-parameter',
    'missing-token',
    'invalid-token',
    'failover-not-found',
    'failover-not-held',
    'other-control-region',
    'registry-rebuilding',
    'registry-unavailable',
    'log-unavailable',
  )
  approve(
    @Param('id', failoverIdPipe) id: string,
    @JsonBody(ApproveBody) body: ApproveBody,
  ): Promise<Accepted> {
    return this.commands.execute(new ApproveFailover(id, body));
  }
}
