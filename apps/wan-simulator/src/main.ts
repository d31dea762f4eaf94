import {
  createAdminServer,
  createLogger,
  createRegistry,
  loadConfig,
  Shutdown,
  startFault,
} from '#libs/platform';
import { WanConfig } from './config.ts';
import { wanMetrics } from './metrics.ts';
import { Route } from './route.ts';

async function main(): Promise<void> {
  const config = loadConfig(WanConfig);
  const logger = createLogger({ name: config.name, level: config.logLevel });
  const shutdown = new Shutdown(logger);
  const registry = createRegistry('wan-simulator');
  let routes: readonly Route[] = [];
  const { opened, bytes } = wanMetrics(registry, () => routes);
  routes = config.routes.map(
    (route) =>
      new Route(route, {
        opened: () => opened.inc({ target: route.target }),
        carried: (count) => bytes.inc({ target: route.target }, count),
      }),
  );
  const admin = createAdminServer(registry, { ready: () => ({ ready: true, routes: config.routes }) });
  shutdown.add('admin', () => void admin.close());
  shutdown.add('routes', async () => void (await Promise.all(routes.map((route) => route.close()))));
  shutdown.listen();
  await Promise.all(routes.map((route) => route.listen(config.host)));
  // Only now: whoever finds it ready finds every route.
  await new Promise<void>((resolve, reject) => {
    admin.once('error', reject).listen(config.adminPort, '127.0.0.1', resolve);
  });
  logger.info({ routes: config.routes, admin_port: config.adminPort }, 'started');
}

main().catch((error: unknown) => {
  process.stderr.write(`${startFault(error)}\n`);
  process.exit(1);
});
