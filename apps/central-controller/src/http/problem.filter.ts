import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Inject,
  NotFoundException,
  ServiceUnavailableException,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Request, Response } from 'express';
import { LogUnavailable } from '#libs/log';
import type { Logger } from '#libs/platform';
import { BeforeRetention, InvalidCursor, RegistryRebuilding, RegistryUnavailable } from '#libs/registry';
import { LOGGER } from '../core/tokens.ts';
import { allowedMethods } from './allowed-methods.ts';
import { Problem } from './problem.ts';

/** A caller may look again after so long, in seconds, unless the problem says otherwise. */
const RETRY_AFTER_S = '1';
/** Whoever looks after this process can mend that; who asks can only tell them. */
const REFUSED = 'Redis does not take the user or password of this process, or not for all that it needs';
/** Answers that say "not now". */
const NOT_NOW: readonly number[] = [429, 503];

/** Every error of every route becomes problem details with a stable code; what nobody foresaw is logged. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly adapter: HttpAdapterHost,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // Terminus answers with the state of each part; whoever probes reads that.
    if (error instanceof ServiceUnavailableException) {
      response.status(503).set('retry-after', RETRY_AFTER_S).json(error.getResponse());
      return;
    }
    const problem = this.problemOf(error, request);
    response
      .status(problem.status)
      .set(NOT_NOW.includes(problem.status) ? { 'retry-after': RETRY_AFTER_S } : {})
      .set(problem.options.headers ?? {})
      .type('application/problem+json')
      .send(JSON.stringify(problem.body()));
  }

  private problemOf(error: unknown, request: Request): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof NotFoundException) return this.noRoute(request);
    if (!decodable(request.path)) return new Problem('invalid-parameter', { detail: 'broken % in the path' });
    const known = fromLibrary(error) ?? fromExpress(error);
    if (known) return known;
    this.logger.error({ err: error, method: request.method, route: request.route?.path }, 'a request failed');
    return new Problem('internal-error');
  }

  private noRoute({ method, path }: Request): Problem {
    const allowed = allowedMethods(this.adapter.httpAdapter.getInstance(), path);
    if (allowed.length === 0) return new Problem('route-not-found');
    const headers = { allow: allowed.join(', ') };
    return new Problem('method-not-allowed', { detail: `${method}; allowed: ${headers.allow}`, headers });
  }
}

function fromLibrary(error: unknown): Problem | undefined {
  if (error instanceof InvalidCursor) return new Problem('invalid-cursor');
  if (error instanceof BeforeRetention) {
    const earliest = new Date(error.earliestMs).toISOString();
    return new Problem('before-retention', { detail: `the earliest is ${earliest}`, more: { earliest } });
  }
  if (error instanceof RegistryRebuilding) {
    return new Problem('registry-rebuilding', { more: { progress: { ...error.progress } } });
  }
  if (error instanceof RegistryUnavailable) {
    return new Problem('registry-unavailable', error.refused ? { detail: REFUSED } : {});
  }
  if (error instanceof LogUnavailable) return new Problem('log-unavailable');
  return undefined;
}

/** What Express and its body reader throw, wrapped by Nest or not: all that is told apart is the status. */
function fromExpress(error: unknown): Problem | undefined {
  const status = error instanceof HttpException ? error.getStatus() : (error as { status?: unknown })?.status;
  switch (status) {
    case 400:
      return new Problem('invalid-body', { detail: 'the body could not be read' });
    case 413:
      return new Problem('body-too-large');
    case 415:
      return new Problem('unsupported-media-type');
    default:
      return undefined;
  }
}

function decodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
