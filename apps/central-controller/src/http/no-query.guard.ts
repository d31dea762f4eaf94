import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Problem } from './problem.ts';

/** For routes without query parameters: what is not read must not look as if it had been. */
@Injectable()
export class NoQueryGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const names = Object.keys(context.switchToHttp().getRequest<Request>().query);
    if (names.length === 0) return true;
    throw new Problem('invalid-parameter', {
      detail: names.join(', '),
      more: { errors: names.map((name) => ({ name, problem: `property ${name} should not exist` })) },
    });
  }
}
