import type { IncomingHttpHeaders } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { HEADER } from '#libs/contracts';

const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

/** What a request says it is part of; a broken `traceparent` is as good as none, says Trace Context. */
export function traceparentIn(headers: IncomingHttpHeaders): string | undefined {
  const { [HEADER.traceparent]: traceparent } = headers;
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : undefined;
}

/** The caller's trace, for a fact to ride on: `@Traceparent() traceparent: string | undefined`. */
export const Traceparent = createParamDecorator((_none: unknown, context: ExecutionContext) =>
  traceparentIn(context.switchToHttp().getRequest<Request>().headers),
);
