import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { HEADER } from '#libs/contracts';
import { Histogram, type Logger, type Registry, type TracedSpan, type Tracing } from '#libs/platform';
import { traceIn } from './trace-context.ts';

/** Bounds of the histogram, in seconds. */
const REQUEST_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** What a caller may ask that is worth a span; probes and scrapes come every few seconds. */
const TRACED = /^\/api\//;

interface Given {
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly tracing: Tracing;
}

/**
 * What is told of each request: its time by route and status, one line at debug with nothing of what was in it, and its
 * span. What is written under it (a fact) is part of the caller's trace, or of one that begins here.
 */
export function requestObserver({ logger, metrics, tracing }: Given): RequestHandler {
  const took = new Histogram({
    name: 'trunkline_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer, by route; streams last as long as their reader stays',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_BUCKETS_S,
    registers: [metrics],
  });
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedAtMs = performance.now();
    const span = tracing.isOn && TRACED.test(request.path) ? spanOf(request, tracing) : undefined;
    response.once('close', () => {
      const { statusCode: status } = response;
      const tookMs = performance.now() - startedAtMs;
      // The pattern, never the path: ids are in that. What no route took is one, however it was written.
      const route = String(request.route?.path ?? 'none');
      const method = request.route === undefined ? 'any' : request.method;
      took.observe({ method, route, status }, tookMs / 1_000);
      logger.debug({ method, route, status, tookMs: Math.round(tookMs * 10) / 10 }, 'request');
      span?.add({ 'http.route': route, 'http.response.status_code': status });
      span?.end(status >= 500 ? String(status) : undefined);
    });
    next();
  };
}

/** Whoever reads the request's headers afterwards finds the span's context there, as if the caller had begun it. */
function spanOf(request: Request, tracing: Tracing): TracedSpan {
  const span = tracing.start(request.method, {
    kind: 'server',
    parent: traceIn(request.headers),
    attributes: {
      'http.request.method': request.method,
      'url.path': request.path,
      'url.scheme': request.protocol,
    },
  });
  delete request.headers[HEADER.traceparent];
  delete request.headers[HEADER.tracestate];
  Object.assign(request.headers, span.context);
  return span;
}
