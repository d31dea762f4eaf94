import { createHash } from 'node:crypto';
import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiHeader } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { catchError, concatMap, from, type Observable, of } from 'rxjs';
import type { Logger } from '#libs/platform';
import { type Answers, RegistryUnavailable } from '#libs/registry';
import type { ControllerConfig } from '../config.ts';
import { CONFIG, LOGGER } from '../core/tokens.ts';
import { principalOf } from '../http/auth/principal.ts';
import { bodyBytes } from '../http/json-body.ts';
import { Problem } from '../http/problem.ts';
import { ApiProblems } from './api-problems.ts';
import { ANSWERS } from './tokens.ts';

const HEADER = 'idempotency-key';
/** Told with an answer that was given before. */
const REPLAYED = 'idempotency-replayed';
const KEY = /^[\x21-\x7e]{1,128}$/;
const IDEMPOTENT = Symbol('idempotent');

/** Whether a request may be answered although nobody can tell whether it is a repetition. */
type Harmless = (body: { readonly [member: string]: unknown }) => boolean;

/**
 * The route takes an `Idempotency-Key`.
 * @param harmless requests that change nothing when they come twice: they are taken while Redis is away
 */
export function Idempotent(harmless: Harmless = () => false): MethodDecorator {
  return applyDecorators(
    SetMetadata(IDEMPOTENT, harmless),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'A name of this request, for a day: sent again, it gets the same answer and asks for nothing more. Names are of who sends them',
      schema: { type: 'string', pattern: KEY.source },
      example: '7d1f6c3e-maintenance',
    }),
    ApiProblems('idempotency-key-in-use', 'idempotency-key-reused', 'registry-unavailable'),
  ) as MethodDecorator;
}

interface Asked {
  readonly key: string;
  readonly fingerprint: string;
}

/** The same request under the same key is answered once, and the same way. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    @Inject(ANSWERS) private readonly answers: Answers,
    @Inject(CONFIG) private readonly config: ControllerConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly reflector: Reflector,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const harmless = this.reflector.get<Harmless | undefined>(IDEMPOTENT, context.getHandler());
    const request = context.switchToHttp().getRequest<Request>();
    const { [HEADER]: name } = request.headers;
    if (harmless === undefined || name === undefined) return next.handle();
    if (typeof name !== 'string' || !KEY.test(name)) {
      throw new Problem('invalid-parameter', { detail: `Idempotency-Key must match ${KEY.source}` });
    }
    const asked = this.askedIn(request, name);
    const claim = await this.answers.claim(asked.key, asked.fingerprint).catch((error: unknown) => {
      if (error instanceof RegistryUnavailable && harmless(jsonIn(request))) return undefined;
      throw error;
    });
    switch (claim?.kind) {
      case undefined:
        return next.handle();
      case 'claimed':
        return this.first(asked, next);
      case 'running':
        throw new Problem('idempotency-key-in-use');
      case 'other':
        throw new Problem('idempotency-key-reused');
      case 'answered':
        context.switchToHttp().getResponse<Response>().set(REPLAYED, 'true');
        return of(JSON.parse(claim.answer));
    }
  }

  /** What was not answered may be asked again; what was is kept, if that can be. */
  private first(asked: Asked, next: CallHandler): Observable<unknown> {
    const { key, fingerprint } = asked;
    const lost = (error: unknown) => this.logger.warn({ err: error }, 'an answer cannot be kept');
    return next.handle().pipe(
      concatMap((body: unknown) =>
        from(
          this.answers
            .keep(key, fingerprint, JSON.stringify(body))
            .catch(lost)
            .then(() => body),
        ),
      ),
      catchError((error: unknown) =>
        from(
          this.answers
            .release(key, fingerprint)
            .catch(lost)
            .then(() => {
              throw error;
            }),
        ),
      ),
    );
  }

  private askedIn(request: Request, name: string): Asked {
    const { region } = this.config;
    const { subject } = principalOf(request);
    const events = Object.entries(request.headers).filter(([header]) => header.startsWith('ce-'));
    return {
      key: digest(region, subject, request.method, request.path, name),
      fingerprint: digest(
        request.originalUrl,
        request.headers['content-type'] ?? '',
        JSON.stringify(events.sort()),
        bodyBytes(request),
      ),
    };
  }
}

function digest(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('base64url');
}

/** What is wrong with the body is for the route to say. */
function jsonIn(request: Request): { [member: string]: unknown } {
  try {
    return Object(JSON.parse(bodyBytes(request).toString('utf8')));
  } catch {
    return {};
  }
}
