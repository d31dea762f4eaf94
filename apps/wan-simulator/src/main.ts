import {
  Counter,
  createAdminServer,
  createLogger,
  createRegistry,
  Gauge,
  loadConfig,
  Shutdown,
  startFault,
} from '#libs/platform';
import { WanConfig } from './config.ts';
import { Route } from './route.ts';

async function main(): Promise<void> {
  const config = loadConfig(WanConfig);
  const logger = createLogger({ name: config.name, level: config.logLevel });
  const shutdown = new Shutdown(logger);
  const registry = createRegistry(config.name);
  const registers = [registry];
  const connections = new Counter({
    name: 'trunkline_wan_connections_total',
    help: 'Connections that came',
    labelNames: ['target'],
    registers,
  });
  const bytes = new Counter({
    name: 'trunkline_wan_bytes_total',
    help: 'Bytes taken to be carried, both directions together',
    labelNames: ['target'],
    registers,
  });
  const routes = config.routes.map(
    (route) =>
      new Route(route, {
        opened: () => connections.inc({ target: route.target }),
        carried: (count) => bytes.inc({ target: route.target }, count),
      }),
  );
  new Gauge({
    name: 'trunkline_wan_connections',
    help: 'Connections open now',
    registers,
    collect() {
      this.set(routes.reduce((sum, route) => sum + route.connections, 0));
    },
  });
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
