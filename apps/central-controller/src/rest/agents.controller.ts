import { Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { JsonBody } from '../http/json-body.ts';
import { NoQueryGuard } from '../http/no-query.guard.ts';
import { agentIdPipe, QueryPipe } from '../http/validation.ts';
import { ApiProblems } from './api-problems.ts';
import { AskedBy, type Asker } from './asker.ts';
import { DrainAgent } from './commands.ts';
import { defined } from './connections.controller.ts';
import { AgentsQuery, DrainBody } from './dto.ts';
import { Idempotent } from './idempotency.ts';
import { GetAgent, ListAgents } from './queries.ts';
import { Accepted, Agent, AgentPage } from './views.ts';

@ApiTags('agents')
@Controller('api/v1/agents')
export class AgentsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly commands: CommandBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Agents of every region, by id, filtered; every filter given must hold' })
  @ApiOkResponse({ type: AgentPage })
  @ApiProblems('invalid-parameter', 'invalid-cursor', 'registry-rebuilding', 'registry-unavailable')
  list(@Query(QueryPipe) { limit, cursor, ...filter }: AgentsQuery): Promise<AgentPage> {
    return this.queries.execute(new ListAgents(defined(filter), defined({ limit, cursor })));
  }

  @Get(':id')
  @UseGuards(NoQueryGuard)
  @ApiOperation({ summary: 'One agent' })
  @ApiOkResponse({ type: Agent })
  @ApiProblems('invalid-parameter', 'agent-not-found', 'registry-rebuilding', 'registry-unavailable')
  one(@Param('id', agentIdPipe) id: string): Promise<Agent> {
    return this.queries.execute(new GetAgent(id));
  }

  @Post(':id/drain')
  @HttpCode(202)
  @Idempotent()
  @ApiOperation({
    summary: 'Asks for an agent of this control region to be drained',
    description:
      "Only the controllers of the agent's own region take it; any other answers 409, `other-control-region`, and names in `control_region` the region to ask",
  })
  @ApiBody({ type: DrainBody })
  @ApiAcceptedResponse({ type: Accepted })
  @ApiProblems(
    'invalid-body',
    'agent-not-found',
    'other-control-region',
    'registry-rebuilding',
    'registry-unavailable',
    'log-unavailable',
  )
  drain(
    @Param('id', agentIdPipe) id: string,
    @JsonBody(DrainBody) body: DrainBody,
    @AskedBy() asker: Asker,
  ): Promise<Accepted> {
    return this.commands.execute(new DrainAgent(id, body.reason, asker));
  }
}
