import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request } from 'express';
import type { Clock } from '#libs/platform';
import type { ControllerConfig } from '../config.ts';
import { CLOCK, CONFIG } from '../core/tokens.ts';
import { bodyBytes } from '../http/json-body.ts';
import { ApiProblems } from './api-problems.ts';
import { readEvent } from './incoming-event.ts';
import { PublishEvent } from './publish-event.ts';
import { Accepted } from './views.ts';

@ApiTags('events')
@Controller('api/v1/events')
export class EventsController {
  constructor(
    private readonly commands: CommandBus,
    @Inject(CONFIG) private readonly config: ControllerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiBearerAuth()
  @ApiOperation({
    summary: 'Takes one CloudEvent, binary or structured, into connection-status or health-reports',
  })
  @ApiConsumes('application/json', 'application/cloudevents+json')
  @ApiBody({ schema: { type: 'object', additionalProperties: true } })
  @ApiAcceptedResponse({ type: Accepted })
  @ApiProblems('invalid-event', 'missing-token', 'invalid-token', 'body-too-large', 'unsupported-media-type')
  take(@Req() request: Request): Promise<Accepted> {
    const { region } = this.config;
    const incoming = readEvent(request.headers, bodyBytes(request), region, this.clock.wallMs());
    return this.commands.execute(new PublishEvent(incoming));
  }
}
