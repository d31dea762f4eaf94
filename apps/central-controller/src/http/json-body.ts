import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { ClassConstructor } from 'class-transformer';
import type { Request } from 'express';
import { Problem } from './problem.ts';
import { validated } from './validation.ts';

/** The body as a valid instance of a DTO class: `@JsonBody(FailoverBody) body: FailoverBody`. */
export const JsonBody = createParamDecorator(
  (schema: ClassConstructor<object>, context: ExecutionContext): object => {
    const request = context.switchToHttp().getRequest<Request>();
    if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? '')) {
      throw new Problem('unsupported-media-type', { detail: 'application/json is read here' });
    }
    return validated(schema, parsed(request), 'invalid-body');
  },
);

function parsed(request: Request): object {
  let value: unknown;
  try {
    value = JSON.parse(bodyBytes(request).toString('utf8'));
  } catch {
    throw new Problem('invalid-body', { detail: 'the body is not JSON' });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem('invalid-body', { detail: 'the body must be a JSON object' });
  }
  return value;
}

/** Empty when there was none. */
export function bodyBytes(request: Request): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}
