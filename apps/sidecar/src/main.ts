import { once } from 'node:events';
import { type Consumer, KafkaLog } from '#libs/log';
import { ConfigurationError, createLogger, loadConfig, Shutdown, systemClock } from '#libs/platform';
import { createAdminServer } from './admin-server.ts';
import { tailCommands } from './agent/command-tail.ts';
import { SidecarConfig } from './config.ts';
import { createSidecar } from './sidecar.ts';

async function main(): Promise<void> {
  const config = loadConfig(SidecarConfig);
  const logger = createLogger({ name: config.agentId, level: config.logLevel });
  const log = new KafkaLog({ clientId: config.agentId, brokers: config.kafkaBrokers });
  const sidecar = await createSidecar(config, { sink: log, clock: systemClock, log: logger });
  let commands: Consumer | undefined;
  const admin = createAdminServer(sidecar.registry, {
    ready: () => {
      const leaseLeftMs = Math.round(sidecar.agent.vigil.leaseLeftMs);
      const isReady = commands !== undefined && leaseLeftMs > 0;
      return { ready: isReady, reads_commands: commands !== undefined, lease_left_ms: leaseLeftMs };
    },
    // Who slept may see this question before any timer: a path of old must not be told of.
    carrying: () => (sidecar.agent.vigil.look() ? sidecar.carrier.carrying : 0),
  });
  const shutdown = new Shutdown(logger);
  shutdown.add('carrying', () => sidecar.stop());
  shutdown.add('commands', () => commands?.stop());
  shutdown.add('log', () => log.close());
  shutdown.listen();
  admin.listen(config.adminPort, config.adminHost);
  await once(admin, 'listening');
  const { agentId, partitions, regions = [config.region] } = config;
  commands = await tailCommands({ agentId, partitions, regions }, log, sidecar.desk, systemClock, logger);
  // Only now: whoever reports can be given commands, and must be reading them.
  sidecar.start();
  logger.info({ role: config.role, region: config.region, link_port: sidecar.linkPort }, 'started');
}

/** What a person can mend is told in one line, everything else with its stack. */
function textOf(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE' || code === 'EACCES') return `port ${port} cannot be listened on: ${code}`;
  return error instanceof Error ? String(error.stack) : String(error);
}

main().catch((error: unknown) => {
  process.stderr.write(`${textOf(error)}\n`);
  process.exit(1);
});
