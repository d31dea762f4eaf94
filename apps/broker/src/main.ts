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
  SHUTDOWN_LIMIT_MS,
  Shutdown,
  startFault,
  systemClock,
} from '#libs/platform';
import { createBroker } from './broker.ts';
import { BrokerConfig } from './config.ts';

async function main(): Promise<void> {
  const config = loadConfig(BrokerConfig);
  const logger = createLogger({ name: config.agentId, level: config.logLevel });
  const metrics = createRegistry('broker', config.region);
  const tracing = await createTracing({
    service: 'trunkline-broker',
    instance: config.agentId,
    resource: { 'trunkline.control_region': config.region },
    logger,
    metrics,
  });
  const tracer = tracing.isOn ? tracing : undefined;
  const log = new KafkaLog({ clientId: config.agentId, brokers: config.kafkaBrokers, tracer });
  const shutdown = new Shutdown(logger, config.drainMs + SHUTDOWN_LIMIT_MS);
  const leave = (): void => void shutdown.run(0, 'drain');
  const broker = await createBroker(config, { sink: log, clock: systemClock, log: logger, metrics }, leave);
  let commands: Consumer | undefined;
  const admin = createAdminServer(broker.registry, {
    ready: () => {
      const { isDraining } = broker;
      const { isFailing } = broker.run.agent.facts;
      const ready = commands !== undefined && !isDraining && !isFailing;
      return { ready, reads_commands: commands !== undefined, draining: isDraining, facts_wait: isFailing };
    },
  });
  shutdown.add('sessions', () => broker.drain());
  shutdown.add('carrying', () => broker.stop());
  shutdown.add('commands', () => commands?.stop());
  shutdown.add('log', () => log.close());
  shutdown.add('traces', () => tracing.stop());
  shutdown.listen();
  admin.listen(config.adminPort, config.adminHost);
  await once(admin, 'listening');
  const { agentId, partitions, regions = [config.region] } = config;
  const base = TOPIC.relayCommands;
  commands = await tailCommands(
    { agentId, base, partitions, regions },
    log,
    broker.run.desk,
    systemClock,
    logger,
  );
  // Only now: whoever reports can be given commands, and must be reading them.
  broker.start();
  logger.info({ region: config.region, port: broker.port }, 'started');
}

main().catch((error: unknown) => {
  process.stderr.write(`${startFault(error)}\n`);
  process.exit(1);
});
