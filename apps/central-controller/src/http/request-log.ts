import type { NextFunction, Request, Response } from 'express';
import type { Logger } from '#libs/platform';

/** One line a request, at debug, with what happened and nothing of what was in it. */
export function requestLog(logger: Logger) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedAtMs = performance.now();
    response.on('finish', () => {
      const { method, route } = request;
      const tookMs = Math.round((performance.now() - startedAtMs) * 10) / 10;
      logger.debug({ method, route: route?.path, status: response.statusCode, tookMs }, 'request');
    });
    next();
  };
}
