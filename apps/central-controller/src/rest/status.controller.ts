import { Controller, Get, UseGuards } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { By, type Principal } from '../http/auth/principal.ts';
import { NoQueryGuard } from '../http/no-query.guard.ts';
import { GetStatus } from './status.query.ts';
import { Status } from './status.views.ts';

@ApiTags('status')
@Controller('api/v1/status')
@UseGuards(NoQueryGuard)
export class StatusController {
  constructor(private readonly queries: QueryBus) {}

  @Get()
  @ApiOperation({
    summary:
      'This process: its parts, how far behind it is, the registry, its certificates, who may do what, who asks',
    description: 'Answers also while Kafka or Redis is away',
  })
  @ApiOkResponse({ type: Status })
  read(@By() by: Principal): Promise<Status> {
    return this.queries.execute(new GetStatus(by));
  }
}
