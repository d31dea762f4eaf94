import { Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { JsonBody } from '../http/json-body.ts';
import { NoQueryGuard } from '../http/no-query.guard.ts';
import { failoverIdPipe, QueryPipe } from '../http/validation.ts';
import { ApiProblems } from './api-problems.ts';
import { AskedBy, type Asker } from './asker.ts';
import { defined } from './connections.controller.ts';
import { FailoversQuery } from './dto.ts';
import { Idempotent } from './idempotency.ts';
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
  @ApiOperation({ summary: 'Moves of connections, the newest first, filtered; every filter given must hold' })
  @ApiOkResponse({ type: FailoverPage })
  @ApiProblems('invalid-parameter', 'invalid-cursor', 'registry-rebuilding', 'registry-unavailable')
  list(@Query(QueryPipe) { limit, cursor, since, until, ...filter }: FailoversQuery): Promise<FailoverPage> {
    const within = {
      ...(since !== undefined && { sinceMs: Date.parse(since) }),
      ...(until !== undefined && { untilMs: Date.parse(until) }),
    };
    return this.queries.execute(
      new ListFailovers({ ...defined(filter), ...within }, defined({ limit, cursor })),
    );
  }

  @Get(':id')
  @UseGuards(NoQueryGuard)
  @ApiOperation({ summary: 'One move, with its ledger of times' })
  @ApiOkResponse({ type: Failover })
  @ApiProblems('invalid-parameter', 'failover-not-found', 'registry-rebuilding', 'registry-unavailable')
  one(@Param('id', failoverIdPipe) id: string): Promise<Failover> {
    return this.queries.execute(new GetFailover(id));
  }

  @Post(':id/approve')
  @HttpCode(202)
  @Idempotent()
  @ApiOperation({
    summary: 'Agrees to the moves that the blast radius holds back for the same cause as this one',
    description: 'Only the controllers of the home region of its connection take it; any other answers 409',
  })
  @ApiBody({ type: ApproveBody })
  @ApiAcceptedResponse({ type: Accepted })
  @ApiProblems(
    'invalid-body',
    'invalid-parameter',
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
    @AskedBy() asker: Asker,
  ): Promise<Accepted> {
    return this.commands.execute(new ApproveFailover(id, body, asker));
  }
}
