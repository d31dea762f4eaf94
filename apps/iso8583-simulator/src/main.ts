import { createLogger, type Logger, loadConfig, Shutdown, startFault } from '#libs/platform';
import { SimulatorConfig } from './config.ts';
import { type Controlled, ControlServer } from './control-server.ts';
import { FateLog } from './fate-log.ts';
import { IsoClient } from './iso-client.ts';
import { IsoServer } from './iso-server.ts';

type Config = Readonly<SimulatorConfig>;

function startClient(config: Config, fates: FateLog, logger: Logger, shutdown: Shutdown): Controlled {
  const client = new IsoClient(config, fates, logger);
  client.start();
  shutdown.add('client', () => client.stop());
  return {
    activate: () => client.activate(),
    deactivate: () => client.deactivate(),
    drain: () => client.drain(),
    get isActive() {
      return client.isActive;
    },
    tallies: () => ({ ...client.tally.counts, open: client.openCount, signed_on: client.signedOn }),
    extra: (command, body) => {
      if (command !== 'rate') return 'unknown';
      if (typeof body.rate !== 'number' || !(body.rate >= 0 && body.rate <= 10_000))
        return 'rate: 0 to 10000';
      client.rate = body.rate;
      return undefined;
    },
  };
}

async function startServer(
  config: Config,
  fates: FateLog,
  logger: Logger,
  shutdown: Shutdown,
): Promise<Controlled> {
  const server = new IsoServer(config, fates, logger);
  await server.listen(config.port, config.host);
  shutdown.add('server', () => server.close());
  let isActive = true;
  const setActive = (active: boolean): void => {
    isActive = active;
  };
  return {
    activate: () => setActive(true),
    deactivate: () => setActive(false),
    drain: () => setActive(false),
    get isActive() {
      return isActive;
    },
    tallies: () => ({
      ...server.tally.counts,
      connections: server.connections,
      swallows_purchases: server.swallowsPurchases,
      latency_ms: server.latencyMs,
    }),
    extra: (command, body) => {
      if (command === 'swallow' || command === 'answer') {
        server.swallowsPurchases = command === 'swallow';
        return undefined;
      }
      if (command !== 'latency') return 'unknown';
      const { latency_ms } = body;
      if (typeof latency_ms !== 'number' || !(latency_ms >= 0 && latency_ms <= 600_000)) {
        return 'latency_ms: 0 to 600000';
      }
      server.latencyMs = latency_ms;
      return undefined;
    },
  };
}

async function main(): Promise<void> {
  const config = loadConfig(SimulatorConfig);
  const logger = createLogger({ name: config.name, level: config.logLevel });
  const shutdown = new Shutdown(logger);
  const fates = new FateLog(config.fates);
  const controlled =
    config.role === 'client'
      ? startClient(config, fates, logger, shutdown)
      : await startServer(config, fates, logger, shutdown);
  const control = new ControlServer(controlled);
  await control.listen(config.controlPort, '127.0.0.1');
  shutdown.add('control', () => control.close());
  shutdown.add('fates', () => fates.close());
  shutdown.listen();
  logger.info({ role: config.role, port: config.port, control_port: config.controlPort }, 'started');
}

main().catch((error: unknown) => {
  process.stderr.write(`${startFault(error)}\n`);
  process.exit(1);
});
