import { KafkaLog, type Log, type LogObserver, WrongTopic } from '#libs/log';
import type { Logger, Tracing } from '#libs/platform';
import type { ControllerConfig } from '../config.ts';

/** Between two tries to reach Kafka at start, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Opens the log, and makes the topics of every region that are not there yet, with the settings they must have:
 * the parts read all of them, and the other region's controller may not have run yet. Tries for ever, because
 * nothing can be done without; says so each time.
 * @throws WrongTopic for topics with other settings: the program does not run on them.
 */
export async function openLog(
  config: ControllerConfig,
  logger: Logger,
  observer: LogObserver,
  tracing: Tracing,
): Promise<Log> {
  const clientId = `central-controller-${config.region}`;
  const tracer = tracing.isOn ? tracing : undefined;
  const log = new KafkaLog({ brokers: config.kafkaBrokers, clientId, observer, tracer });
  logger.info({ regions: config.regions, brokers: config.kafkaBrokers }, 'checking the topics');
  for (;;) {
    try {
      for (const region of config.regions) {
        await log.ensureTopics(region, { partitions: config.partitions, replication: config.replication });
      }
      return log;
    } catch (error) {
      if (error instanceof WrongTopic) throw error;
      logger.warn({ err: error, brokers: config.kafkaBrokers }, 'Kafka does not answer yet');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
