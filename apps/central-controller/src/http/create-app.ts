import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { LIMITS } from '#libs/contracts';
import { NO_TRACING } from '#libs/platform';
import { appModule } from '../app.module.ts';
import { serveConsole } from '../console/serve-console.ts';
import type { CoreServices } from '../core/core.module.ts';
import { NestLogger } from '../core/nest-logger.ts';
import { openDoor } from '../failover/open-door.ts';
import { serveOpenApi } from '../rest/openapi/document.ts';
import { Access } from './auth/access.ts';
import { requestObserver } from './request-observer.ts';
import { refuseUnreadable } from './unreadable-request.ts';

/** The process as main() and tests run it, not yet listening. Closing it stops every part. */
export async function createApp(core: CoreServices): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(appModule(core), {
    logger: new NestLogger(core.logger),
    bodyParser: false,
    abortOnError: false,
  });
  configureApp(app, core);
  sayWhatIsOpen(app.get(Access), core);
  if (core.configuration.config.parts.includes('failover')) openDoor(app);
  return app;
}

/** What Nest's modules can't say of how HTTP is served. */
export function configureApp(app: NestExpressApplication, core: CoreServices): void {
  app.disable('x-powered-by');
  app.disable('etag');
  const { logger, metrics, tracing = NO_TRACING } = core;
  app.use(requestObserver({ logger, metrics, tracing }));
  app.getHttpServer().on('clientError', refuseUnreadable);
  // Bytes: an event's body is checked by the codec that checks Kafka's records, so nobody may parse it before.
  app.useBodyParser('raw', { type: () => true, limit: LIMITS.messageBytes });
  if (core.configuration.config.parts.includes('rest')) {
    serveOpenApi(app);
    serveConsole(app);
  }
}

/** Nobody should find out by accident who may do what. */
function sayWhatIsOpen(
  { readsAreOpen }: Access,
  { configuration: { config, token }, logger }: CoreServices,
): void {
  const { httpHost, httpPort } = config;
  if (readsAreOpen) {
    logger.warn(
      { httpHost, httpPort, open: ['GET', 'HEAD'] },
      'loopback development mode: READS ARE OPEN to everybody on this machine, or behind a proxy on it; changes need a token',
    );
  } else if (token !== undefined) {
    logger.warn(
      { httpHost, httpPort },
      'whoever holds the shared token may do everything, and is not named in the log',
    );
  }
}
