import { Controller, Get, HttpCode, Param, Post, Put, UseGuards } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { JsonBody } from '../http/json-body.ts';
import { NoQueryGuard } from '../http/no-query.guard.ts';
import { policyNamePipe } from '../http/validation.ts';
import { ApiProblems } from './api-problems.ts';
import { AskedBy, type Asker } from './asker.ts';
import { Idempotent } from './idempotency.ts';
import { SetFreeze, SetPolicy } from './settings.commands.ts';
import { Freeze, FreezeBody, Policy, PolicyAccepted, PolicyBody, PolicyList } from './settings.dto.ts';
import { GetFreeze, GetPolicy, ListPolicies } from './settings.queries.ts';
import { Accepted } from './views.ts';

/** What operators set for this control region. */
@ApiTags('settings')
@Controller('api/v1')
@UseGuards(NoQueryGuard)
export class SettingsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly commands: CommandBus,
  ) {}

  @Get('policies')
  @ApiOperation({ summary: 'Policies of this control region, by name' })
  @ApiOkResponse({ type: PolicyList })
  @ApiProblems('invalid-parameter', 'registry-rebuilding', 'registry-unavailable')
  async list(): Promise<PolicyList> {
    return { items: await this.queries.execute(new ListPolicies()) };
  }

  @Get('policies/:name')
  @ApiOperation({ summary: 'One policy' })
  @ApiOkResponse({ type: Policy })
  @ApiProblems('invalid-parameter', 'policy-not-found', 'registry-rebuilding', 'registry-unavailable')
  one(@Param('name', policyNamePipe) name: string): Promise<Policy> {
    return this.queries.execute(new GetPolicy(name));
  }

  @Put('policies/:name')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Sets a policy anew as a whole',
    description: 'Links that name it, or whose server group it is for, go by it from their next decision on',
  })
  @ApiBody({ type: PolicyBody })
  @ApiAcceptedResponse({ type: PolicyAccepted })
  @ApiProblems(
    'invalid-body',
    'invalid-parameter',
    'version-conflict',
    'too-many-policies',
    'registry-rebuilding',
    'registry-unavailable',
    'log-unavailable',
  )
  set(
    @Param('name', policyNamePipe) name: string,
    @JsonBody(PolicyBody) body: PolicyBody,
    @AskedBy() asker: Asker,
  ): Promise<PolicyAccepted> {
    return this.commands.execute(new SetPolicy(name, body, asker));
  }

  @Get('freeze')
  @ApiOperation({
    summary: 'Whether planned moves and failback are held back, in this control region and in each other one',
    description:
      'What is asked for here is for this control region; a freeze of another is asked for, and ended, there',
  })
  @ApiOkResponse({ type: Freeze })
  @ApiProblems('invalid-parameter', 'registry-rebuilding', 'registry-unavailable')
  freeze(): Promise<Freeze> {
    return this.queries.execute(new GetFreeze());
  }

  @Post('freeze')
  @HttpCode(202)
  // Until the same time twice is until that time.
  @Idempotent(() => true)
  @ApiOperation({
    summary: 'No planned moves and no failback until a time, for the connections whose home is this region',
    description: 'What fails is moved all the same, and so is what an operator moves unplanned',
  })
  @ApiBody({ type: FreezeBody })
  @ApiAcceptedResponse({ type: Accepted })
  @ApiProblems('invalid-body', 'invalid-parameter', 'log-unavailable')
  setFreeze(@JsonBody(FreezeBody) body: FreezeBody, @AskedBy() asker: Asker): Promise<Accepted> {
    return this.commands.execute(new SetFreeze(body, asker));
  }
}
