import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { TraceContext } from '#libs/platform';
import { principalOf } from '../http/auth/principal.ts';
import { traceIn } from '../http/trace-context.ts';

/** Who asks for a change, and the trace that it is part of: what its fact carries. */
export interface Asker {
  /** It stands in the log as `requested_by`. */
  readonly subject: string;
  readonly trace: TraceContext | undefined;
}

/** `@AskedBy() asker: Asker`. */
export const AskedBy = createParamDecorator((_none: unknown, context: ExecutionContext): Asker => {
  const request = context.switchToHttp().getRequest<Request>();
  return { subject: principalOf(request).subject, trace: traceIn(request.headers) };
});
