import { DEAD_LETTER_REASONS, TOPIC, topicName } from '#libs/contracts';
import type { LogObserver } from '#libs/log';
import { Counter, Gauge, Histogram, type Logger, type Registry } from '#libs/platform';
import { WorstLag } from './worst-lag.ts';

/** Bounds of the append histogram, in seconds. */
const APPEND_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What the log says while it works, as metrics; what an operator should know of at once, as log lines too. */
export function logObserver(registry: Registry, logger: Logger, region: string): LogObserver {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: `trunkline_${name}`, help, labelNames, registers });
  const ignored = counter('inputs_ignored_total', 'Inputs that changed nothing, by reason', ['reason']);
  const dead = counter('dead_letters_total', 'Records sent to a dead-letter topic', ['topic', 'reason']);
  const skipped = counter('records_skipped_total', 'Unfit records of another region, skipped', [
    'topic',
    'reason',
  ]);
  const forwarded = counter('records_forwarded_total', 'Facts sent on to their own partition', ['topic']);
  const voided = counter('records_voided_total', 'Records of the log that do not count', ['topic', 'why']);
  const commands = counter('commands_total', 'Commands sent, or not sent in time', ['topic', 'result']);
  // There from the start: what comes into being with its first count has no increase.
  for (const base of [TOPIC.connectionStatus, TOPIC.healthReports])
    for (const reason of DEAD_LETTER_REASONS) dead.inc({ topic: topicName(region, base), reason }, 0);
  for (const base of [TOPIC.failoverCommands, TOPIC.relayCommands])
    for (const result of ['sent', 'unsent']) commands.inc({ topic: topicName(region, base), result }, 0);
  const claims = counter('partition_claims_total', 'Claims of log partitions, by cause', ['topic', 'cause']);
  const rebuilt = counter(
    'consumers_rebuilt_total',
    'Consumers that crashed or stood still and were built anew',
    [],
  );
  const failed = counter('log_failures_total', 'Failures that were tried again', ['where']);
  const lag = new WorstLag(
    new Gauge({
      name: 'trunkline_consumer_lag',
      help: 'Records between what was read and the end of the partition, of the consumer furthest behind',
      labelNames: ['topic', 'partition'],
      registers,
    }),
  );
  const append = new Histogram({
    name: 'trunkline_append_duration_seconds',
    help: 'Time until an append was acknowledged',
    labelNames: ['topic'],
    buckets: APPEND_BUCKETS_S,
    registers,
  });
  return {
    appended: (topic, _partition, _records, tookMs) => append.observe({ topic }, tookMs / 1000),
    claimed: (topic, partition, writerEpoch) =>
      logger.info({ topic, partition, writerEpoch }, 'partition claimed'),
    reclaiming: (topic, partition, cause, detail) => {
      claims.inc({ topic, cause });
      if (cause !== 'assigned') logger.warn({ topic, partition, cause, detail }, 'claiming again');
    },
    ignored: (reason) => ignored.inc({ reason }),
    deadLettered: (topic, reason) => dead.inc({ topic, reason }),
    skipped: (topic, reason) => skipped.inc({ topic, reason }),
    forwarded: (topic) => forwarded.inc({ topic }),
    voided: (topic, _partition, why) => voided.inc({ topic, why }),
    commandsSent: (topic, records) => commands.inc({ topic, result: 'sent' }, records),
    commandsUnsent: (topic, records) => commands.inc({ topic, result: 'unsent' }, records),
    lag: (consumer, topic, partition, records) => lag.set(consumer, topic, partition, records),
    rebuilt: (consumer, cause) => {
      rebuilt.inc();
      logger.warn({ consumer, cause }, 'consumer built anew');
    },
    failed: (where, error, detail) => {
      failed.inc({ where });
      logger.warn({ where, detail, err: error }, 'failed, will be tried again');
    },
  };
}
