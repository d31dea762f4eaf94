import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Clock, Logger } from '#libs/platform';
import { type ControllerConfig, isLoopback } from '../../config.ts';
import { CLOCK, CONFIG, LOGGER, TOKEN } from '../../core/tokens.ts';
import { Problem } from '../problem.ts';
import { KeySet } from './key-set.ts';
import { ANYBODY, allows, type Principal, type Role, setPrincipal } from './principal.ts';
import { TokenCheck } from './token-check.ts';

/** Who may do what on this process: one place for Nest's guard and for what Nest's guards don't see. */
@Injectable()
export class Access {
  /** Reads need no token: only this machine can read. */
  readonly readsAreOpen: boolean;
  private readonly tokens: TokenCheck;
  private readonly keys: KeySet | undefined;

  constructor(
    @Inject(CONFIG) config: ControllerConfig,
    @Inject(TOKEN) sharedToken: string | undefined,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) logger: Logger,
  ) {
    const { jwks, jwtIssuer, jwtAudience, httpHost } = config;
    this.readsAreOpen = isLoopback(httpHost);
    if (jwks !== undefined && jwtIssuer !== undefined) {
      const warn = (why: string) => logger.warn({ jwks, why }, 'the keys of tokens cannot be read');
      this.keys = new KeySet(jwks, clock, warn);
      const rules = { issuer: jwtIssuer, audience: jwtAudience, nowMs: () => clock.wallMs() };
      this.tokens = new TokenCheck(sharedToken, { keys: this.keys.find, ...rules });
    } else {
      this.tokens = new TokenCheck(sharedToken);
    }
  }

  /** How the keys of tokens are; undefined: there are none, only the shared token counts. */
  keyState(): ReturnType<KeySet['state']> | undefined {
    return this.keys?.state();
  }

  /**
   * Lets the request pass, and remembers whose it is.
   * @throws Problem of TokenCheck, or `forbidden`
   */
  async check(request: Request, role: Role): Promise<void> {
    const principal = await this.principalOf(request, role);
    if (!allows(principal, role)) {
      throw new Problem('forbidden', {
        detail: `it needs the role ${role}; the token of ${principal.subject} has ${[...principal.roles].join(', ') || 'none'}`,
        more: { role },
        headers: { 'www-authenticate': 'Bearer realm="trunkline", error="insufficient_scope"' },
      });
    }
    setPrincipal(request, principal);
  }

  /** Where reads are open a token is not needed, but one that is good may show its holder more. */
  private async principalOf(request: Request, role: Role): Promise<Principal> {
    const { authorization } = request.headers;
    if (role !== 'viewer' || !isRead(request) || !this.readsAreOpen) {
      return this.tokens.principal(authorization);
    }
    if (authorization === undefined) return ANYBODY;
    const known = await this.tokens.principal(authorization).catch(() => ANYBODY);
    return allows(known, 'viewer') ? known : ANYBODY;
  }
}

export function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}
