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
import { agentIdPipe, QueryPipe } from '../http/validation.ts';
import { ApiProblems } from './api-problems.ts';
import { DrainAgent } from './commands.ts';
import { defined } from './connections.controller.ts';
import { DrainBody, PageQuery } from './dto.ts';
import { GetAgent, ListAgents } from './queries.ts';
import { Traceparent } from './traceparent.ts';
import { Accepted, Agent, AgentPage } from './views.ts';

@ApiTags('agents')
@Controller('api/v1/agents')
export class AgentsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly commands: CommandBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Agents of every region, by id' })
  @ApiOkResponse({ type: AgentPage })
  @ApiProblems('invalid-parameter', 'invalid-cursor', 'registry-rebuilding', 'registry-unavailable')
  list(@Query(QueryPipe) { limit, cursor }: PageQuery): Promise<AgentPage> {
    return this.queries.execute(new ListAgents(defined({ limit, cursor })));
  }

  @Get(':id')
  @UseGuards(NoQueryGuard)
  @ApiOkResponse({ type: Agent })
  @ApiProblems('invalid-parameter', 'agent-not-found', 'registry-rebuilding', 'registry-unavailable')
  one(@Param('id', agentIdPipe) id: string): Promise<Agent> {
    return this.queries.execute(new GetAgent(id));
  }

  @Post(':id/drain')
  @HttpCode(202)
  @ApiBearerAuth()
  @ApiOperation({
    summary: 'Asks for an agent of this control region to be drained',
    description:
      "Only the controllers of the agent's own region take it; any other answers 409, `other-control-region`, and names in `control_region` the region to ask",
  })
  @ApiBody({ type: DrainBody })
  @ApiAcceptedResponse({ type: Accepted })
  @ApiProblems('invalid-body', 'missing-token', 'invalid-token', 'agent-not-found', 'other-control-region')
  drain(
    @Param('id', agentIdPipe) id: string,
    @JsonBody(DrainBody) body: DrainBody,
    @Traceparent() traceparent?: string,
  ): Promise<Accepted> {
    return this.commands.execute(new DrainAgent(id, body.reason, traceparent));
  }
}
