import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { type ControllerConfig, isLoopback } from '../config.ts';
import { CONFIG, TOKEN } from '../core/tokens.ts';
import { Problem } from './problem.ts';

/**
 * Everything but reads needs the bearer token; off loopback reads need it as well, of the descriptions too.
 * Probes never do: they say nothing that a refused connection would not.
 */
export class TokenCheck {
  private readonly readsAreOpen: boolean;
  private readonly expected: Buffer | undefined;

  constructor({ httpHost }: Pick<ControllerConfig, 'httpHost'>, token: string | undefined) {
    this.readsAreOpen = isLoopback(httpHost);
    this.expected = token === undefined ? undefined : digest(token);
  }

  /** @throws Problem `missing-token` or `invalid-token`. */
  check(request: Request): void {
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (reads && (this.readsAreOpen || request.path.startsWith('/health/'))) return;
    const [, given] = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '') ?? [];
    const headers = { 'www-authenticate': 'Bearer realm="trunkline"' };
    if (given === undefined) throw new Problem('missing-token', { headers });
    if (this.expected && timingSafeEqual(digest(given), this.expected)) return;
    throw new Problem('invalid-token', { headers });
  }
}

/** For every route that a controller has. */
@Injectable()
export class TokenGuard implements CanActivate {
  private readonly token: TokenCheck;

  constructor(@Inject(CONFIG) config: ControllerConfig, @Inject(TOKEN) token: string | undefined) {
    this.token = new TokenCheck(config, token);
  }

  canActivate(context: ExecutionContext): boolean {
    this.token.check(context.switchToHttp().getRequest<Request>());
    return true;
  }
}

/** Of one length whatever was given, so that comparing tells nothing of the token's. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
