import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { principalOf } from '../http/auth/principal.ts';
import { traceparentIn } from './traceparent.ts';

/** Who asks for a change, and the trace that it is part of: what its fact carries. */
export interface Asker {
  /** It stands in the log as `requested_by`. */
  readonly subject: string;
  readonly traceparent: string | undefined;
}

/** `@AskedBy() asker: Asker`. */
export const AskedBy = createParamDecorator((_none: unknown, context: ExecutionContext): Asker => {
  const request = context.switchToHttp().getRequest<Request>();
  return { subject: principalOf(request).subject, traceparent: traceparentIn(request.headers) };
});
