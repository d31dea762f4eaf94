import { once } from 'node:events';
import { tailCommands } from '#libs/agent';
import { TOPIC } from '#libs/contracts';
import { type Consumer, KafkaLog } from '#libs/log';
import {
  createAdminServer,
  createLogger,
  createRegistry,
  createTracing,
  loadConfig,
  Shutdown,
  startFault,
  systemClock,
} from '#libs/platform';
import { SidecarConfig } from './config.ts';
import { createSidecar } from './sidecar.ts';

async function main(): Promise<void> {
  const config = loadConfig(SidecarConfig);
  const logger = createLogger({ name: config.agentId, level: config.logLevel });
  const metrics = createRegistry('sidecar', config.region);
  const tracing = await createTracing({
    service: 'trunkline-sidecar',
    instance: config.agentId,
    resource: { 'trunkline.control_region': config.region },
    logger,
    metrics,
  });
  const tracer = tracing.isOn ? tracing : undefined;
  const log = new KafkaLog({ clientId: config.agentId, brokers: config.kafkaBrokers, tracer });
  const sidecar = await createSidecar(config, { sink: log, clock: systemClock, log: logger, metrics });
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
  shutdown.add('traces', () => tracing.stop());
  shutdown.listen();
  admin.listen(config.adminPort, config.adminHost);
  await once(admin, 'listening');
  const { agentId, partitions, regions = [config.region] } = config;
  const base = TOPIC.failoverCommands;
  commands = await tailCommands(
    { agentId, base, partitions, regions },
    log,
    sidecar.desk,
    systemClock,
    logger,
  );
  // Only now: whoever reports can be given commands, and must be reading them.
  sidecar.start();
  logger.info({ role: config.role, region: config.region, link_port: sidecar.linkPort }, 'started');
}

main().catch((error: unknown) => {
  process.stderr.write(`${startFault(error)}\n`);
  process.exit(1);
});
