import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { Access, isRead } from './access.ts';
import { ROLE } from './needs.ts';
import type { Role } from './principal.ts';

/**
 * For every route that a controller has. Probes need nothing: they say nothing that a refused connection would not.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly access: Access,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    if (isRead(request) && request.path.startsWith('/health/')) return true;
    const role = this.reflector.get<Role | undefined>(ROLE, context.getHandler());
    await this.access.check(request, role ?? (isRead(request) ? 'viewer' : 'operator'));
    return true;
  }
}
