import 'reflect-metadata';
import { hostname } from 'node:os';
import {
  ConfigurationError,
  createLogger,
  createRegistry,
  createTracing,
  Shutdown,
  systemClock,
} from '#libs/platform';
import { loadConfiguration } from './config.ts';
import { createApp } from './http/create-app.ts';

async function main(): Promise<void> {
  const configuration = loadConfiguration();
  const { config } = configuration;
  const logger = createLogger({ name: `central-controller-${config.region}`, level: config.logLevel });
  const shutdown = new Shutdown(logger);
  shutdown.listen();
  const metrics = createRegistry('central-controller', config.region);
  const tracing = await createTracing({
    service: 'trunkline-central-controller',
    instance: `${hostname()}:${config.httpPort}`,
    resource: { 'trunkline.control_region': config.region },
    logger,
    metrics,
  });
  const app = await createApp({ configuration, logger, metrics, clock: systemClock, tracing });
  shutdown.add('parts', () => app.close());
  shutdown.add('traces', () => tracing.stop());
  await app.startAllMicroservices();
  await app.listen(config.httpPort, config.httpHost);
  logger.info({ parts: config.parts, url: await app.getUrl() }, 'listening');
}

try {
  await main();
} catch (error) {
  // Before a logger stands, and for whoever typed the variables: plain lines.
  process.stderr.write(`${error instanceof ConfigurationError ? error.message : (error as Error).stack}\n`);
  process.exit(1);
}
