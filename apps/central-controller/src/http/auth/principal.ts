import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** What a token may allow. `operator` includes `viewer`; `publisher` includes neither. */
export const ROLES = ['viewer', 'operator', 'publisher'] as const;
export type Role = (typeof ROLES)[number];

/** Who asks, and what for they are trusted. */
export interface Principal {
  /** `sub` of the token; it stands in the log as `requested_by`. */
  readonly subject: string;
  readonly roles: ReadonlySet<Role>;
  /** False: the shared token, behind which anybody may stand, or nobody at all on loopback. */
  readonly named: boolean;
}

/** Whoever holds the token of the token file: there is no telling who. */
export const SHARED_TOKEN: Principal = { subject: 'operator', roles: new Set(ROLES), named: false };
/** Whoever reads where reads are open. */
export const ANYBODY: Principal = { subject: 'anybody', roles: new Set<Role>(['viewer']), named: false };

export function allows({ roles }: Principal, role: Role): boolean {
  return roles.has(role) || (role === 'viewer' && roles.has('operator'));
}

const PRINCIPAL = Symbol('principal');
type Asked = Request & { [PRINCIPAL]?: Principal };

export function setPrincipal(request: Request, principal: Principal): void {
  (request as Asked)[PRINCIPAL] = principal;
}

/** Who asks; ANYBODY where no guard looked. */
export function principalOf(request: Request): Principal {
  return (request as Asked)[PRINCIPAL] ?? ANYBODY;
}

/** `@By() by: Principal`: who asks. */
export const By = createParamDecorator((_none: unknown, context: ExecutionContext) =>
  principalOf(context.switchToHttp().getRequest<Request>()),
);
