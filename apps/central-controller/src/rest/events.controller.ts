import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import type { Clock } from '#libs/platform';
import type { ControllerConfig } from '../config.ts';
import { CLOCK, CONFIG } from '../core/tokens.ts';
import { Needs } from '../http/auth/needs.ts';
import { By, type Principal } from '../http/auth/principal.ts';
import { bodyBytes } from '../http/json-body.ts';
import { ApiProblems } from './api-problems.ts';
import { Idempotent } from './idempotency.ts';
import { readEvent } from './incoming-event.ts';
import { PublishEvent } from './publish-event.ts';
import { checkSpeaker } from './speaker.ts';
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
  @Needs('publisher')
  @Idempotent()
  @ApiOperation({
    summary: 'Takes one CloudEvent, binary or structured, into connection-status or health-reports',
  })
  @ApiConsumes('application/json', 'application/cloudevents+json')
  @ApiBody({ schema: { type: 'object', additionalProperties: true } })
  @ApiAcceptedResponse({ type: Accepted })
  @ApiProblems('invalid-event', 'body-too-large', 'unsupported-media-type', 'log-unavailable')
  take(@Req() request: Request, @By() by: Principal): Promise<Accepted> {
    const { region } = this.config;
    const incoming = readEvent(request.headers, bodyBytes(request), region, this.clock.wallMs());
    checkSpeaker(incoming, by);
    return this.commands.execute(new PublishEvent(incoming));
  }
}
