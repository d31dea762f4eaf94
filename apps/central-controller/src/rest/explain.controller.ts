import { Controller, Get, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { connectionIdPipe, QueryPipe } from '../http/validation.ts';
import { ApiProblems } from './api-problems.ts';
import { AtQuery } from './at.ts';
import { ExplainConnection } from './explain.query.ts';
import { ConnectionExplanation } from './explain.views.ts';

@ApiTags('connections')
@Controller('api/v1/connections')
export class ExplainController {
  constructor(private readonly queries: QueryBus) {}

  @Get(':id/explain')
  @ApiOperation({
    summary: 'Why it stands where it stands, now or as of a moment',
    description:
      'The chain of decisions from its first cause to the newest one, with the facts that they cite, the candidates and ' +
      'their scores, the commands and their answers; and why what one might expect has not happened. Facts that the log no ' +
      'longer has, or does not give in time, stay bare positions.',
  })
  @ApiParam({ name: 'id', description: '`:` may be written `%3A`' })
  @ApiOkResponse({ type: ConnectionExplanation })
  @ApiProblems(
    'invalid-parameter',
    'connection-not-found',
    'before-retention',
    'registry-rebuilding',
    'registry-unavailable',
    'log-unavailable',
  )
  explain(
    @Param('id', connectionIdPipe) id: string,
    @Query(QueryPipe) { at }: AtQuery,
  ): Promise<ConnectionExplanation> {
    return this.queries.execute(new ExplainConnection(id, at)) as Promise<ConnectionExplanation>;
  }
}
