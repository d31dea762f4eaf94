import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { type ControllerConfig, isLoopback } from '../config.ts';
import { CONFIG, TOKEN } from '../core/tokens.ts';
import { Problem } from './problem.ts';

/**
 * Everything but reads needs the bearer token; off loopback reads need it as well. Probes never do: they say
 * nothing that a refused connection would not.
 */
@Injectable()
export class TokenGuard implements CanActivate {
  private readonly readsAreOpen: boolean;
  private readonly expected: Buffer | undefined;

  constructor(@Inject(CONFIG) config: ControllerConfig, @Inject(TOKEN) token: string | undefined) {
    this.readsAreOpen = isLoopback(config.httpHost);
    this.expected = token === undefined ? undefined : digest(token);
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (reads && (this.readsAreOpen || request.path.startsWith('/health/'))) return true;
    const [, given] = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '') ?? [];
    const headers = { 'www-authenticate': 'Bearer realm="trunkline"' };
    if (given === undefined) throw new Problem('missing-token', { headers });
    if (this.expected && timingSafeEqual(digest(given), this.expected)) return true;
    throw new Problem('invalid-token', { headers });
  }
}

/** Of one length whatever was given, so that comparing tells nothing of the token's. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
