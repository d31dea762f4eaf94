import { Controller, Get, Headers, Inject, Query, Req, Res } from '@nestjs/common';
import {
  ApiHeader,
  ApiOperation,
  ApiProduces,
  ApiPropertyOptional,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import type { Request, Response } from 'express';
import { CONNECTION_ID_PATTERN, DECISIONS, NAME_PATTERN } from '#libs/contracts';
import type { ControllerConfig } from '../config.ts';
import { CONFIG } from '../core/tokens.ts';
import { Problem } from '../http/problem.ts';
import { QueryPipe } from '../http/validation.ts';
import { TooFarBack, TooManyReaders, UnknownEventId } from '../live/hub.ts';
import { LIVE_KINDS, type LiveFilter } from '../live/live-event.ts';
import type { Sink } from '../live/reader.ts';
import { ApiProblems } from './api-problems.ts';
import { LiveService } from './live.service.ts';

const TYPES = /^[a-z][a-z-]{0,63}(,[a-z][a-z-]{0,63}){0,31}$/;
/** Who found no room may come again after, in seconds. */
const RETRY_AFTER_S = '5';

export class LiveQuery {
  @ApiPropertyOptional({
    pattern: TYPES.source,
    description: 'Names of decisions, with commas between',
    example: 'failover-decided,failover-completed',
  })
  @IsOptional()
  @Matches(TYPES)
  type?: string;

  @ApiPropertyOptional({ pattern: CONNECTION_ID_PATTERN.source })
  @IsOptional()
  @Matches(CONNECTION_ID_PATTERN)
  connection_id?: string;

  @ApiPropertyOptional({ enum: LIVE_KINDS, description: 'What the decision is on' })
  @IsOptional()
  @IsIn(LIVE_KINDS)
  kind?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source, description: 'Control region that decided' })
  @IsOptional()
  @Matches(NAME_PATTERN)
  region?: string;

  @ApiPropertyOptional({ pattern: NAME_PATTERN.source, description: 'An agent that the decision names' })
  @IsOptional()
  @Matches(NAME_PATTERN)
  agent_id?: string;
}

const ABOUT =
  'Server-sent events. `event` is the name of the decision, `data` the decision as in `/connections/{id}/events` with its ' +
  '`region` and `connection_id` or `agent_id`, `id` an opaque place: whoever comes again with it as `Last-Event-ID` goes on ' +
  'behind that event, without a gap and without a double, at this process or another one. Comments are heartbeats. Whoever ' +
  'does not read as fast as events come is ended with `event: error`, `code: slow-reader`; a process that stops ends every ' +
  'stream with `event: end`.';

@ApiTags('events')
@Controller('api/v1/events')
export class LiveController {
  constructor(
    private readonly live: LiveService,
    @Inject(CONFIG) private readonly config: ControllerConfig,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The decisions of every control region as they are taken', description: ABOUT })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The `id` of the last event that was seen',
  })
  @ApiProduces('text/event-stream')
  @ApiResponse({
    status: 200,
    description: 'A stream without an end',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiProblems('invalid-parameter', 'before-retention', 'too-many-readers', 'log-unavailable')
  async stream(
    @Query(QueryPipe) query: LiveQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { type, ...rest } = query;
    const filter: LiveFilter = { ...rest, ...(type === undefined ? {} : { types: type.split(',') }) };
    this.checkNames(filter);
    if (request.method === 'HEAD') {
      begin(response);
      response.end();
      return;
    }
    const reader = await this.live.hub.join(sinkOf(response), filter, lastEventId).catch(asProblem);
    response.on('close', () => reader.left());
    if (response.destroyed) reader.left();
  }

  /** What is misspelt would be a stream on which nothing ever comes. @throws Problem */
  private checkNames({ types = [], region }: LiveFilter): void {
    const unknown = types.filter((type) => !Object.hasOwn(DECISIONS, type));
    if (unknown.length > 0) {
      throw new Problem('invalid-parameter', { detail: `type: there is no decision ${unknown.join(', ')}` });
    }
    const { regions } = this.config;
    if (region !== undefined && !regions.includes(region)) {
      throw new Problem('invalid-parameter', { detail: `region must be one of ${regions.join(', ')}` });
    }
  }
}

function asProblem(error: unknown): never {
  if (error instanceof TooManyReaders) {
    throw new Problem('too-many-readers', { headers: { 'retry-after': RETRY_AFTER_S } });
  }
  if (error instanceof TooFarBack) {
    throw new Problem('before-retention', {
      detail: 'more was decided since than is given again: begin anew',
    });
  }
  if (error instanceof UnknownEventId) {
    throw new Problem('invalid-parameter', { detail: 'Last-Event-ID is no id of this stream' });
  }
  throw error;
}

function begin(response: Response): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    // A proxy that keeps events until it has many makes them late.
    'x-accel-buffering': 'no',
  });
}

function sinkOf(response: Response): Sink {
  return {
    write: (bytes) => {
      if (!response.headersSent) begin(response);
      response.write(bytes);
    },
    waiting: () => response.writableLength,
    drained: () =>
      new Promise((resolve) => {
        const done = () => {
          response.off('drain', done).off('close', done);
          resolve();
        };
        response.on('drain', done).on('close', done);
      }),
    end: () => void response.end(),
    destroy: () => void response.destroy(),
  };
}
