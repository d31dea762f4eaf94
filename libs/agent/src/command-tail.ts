import { type TopicBase, topicName } from '#libs/contracts';
import { type Consumer, type Log, startProcess, traceOf } from '#libs/log';
import type { Clock, Logger } from '#libs/platform';
import type { CommandTaker } from './command-desk.ts';

/** Commands written so long before our start are read: those for an earlier life are to be refused, in ms. */
const COMMANDS_BACK_MS = 60_000;
const RETRY_MS = 500;

export interface CommandTailOptions {
  readonly agentId: string;
  /** Where commands to this kind of agent stand. */
  readonly base: Extract<TopicBase, 'failover-commands' | 'relay-commands'>;
  readonly regions: readonly string[];
  readonly partitions: number;
}

/**
 * Reads the commands of every region, from a little before now. Resolves once it has read what stood there: who has
 * joined but not yet begun to read leaves a command waiting. Topics that are not there yet are
 * waited for. Commands are begun in the order they came, and not waited for: one that takes its time must not keep
 * another connection's waiting.
 */
export async function tailCommands(
  options: CommandTailOptions,
  log: Log,
  desk: CommandTaker,
  clock: Clock,
  logger: Logger,
): Promise<Consumer> {
  const topics = options.regions.map((region) => topicName(region, options.base));
  const partition = log.partitionOf(options.agentId, options.partitions);
  const fromMs = clock.wallMs() - COMMANDS_BACK_MS;
  for (let attempt = 1; ; attempt += 1) {
    let tail: Consumer | undefined;
    try {
      tail = await log.tail({
        topics,
        partitions: () => [partition],
        from: { timeMs: fromMs },
        onBatch: async ({ records }) => {
          for (const record of records) {
            if (record.key !== options.agentId) continue;
            if (!record.readable) {
              desk.skip(record.reason);
              continue;
            }
            const time = new Date(record.timeMs).toISOString();
            const { name, data } = record;
            const span = log.tracer && startProcess(log.tracer, record);
            const trace = span?.context ?? traceOf(record.headers);
            void desk.handle({ name, data, time, trace }).then((answer) => {
              span?.end(answer?.reason);
            });
          }
        },
      });
      await tail.caughtUp();
      return tail;
    } catch (error) {
      await tail?.stop();
      if (attempt === 1) logger.warn({ err: error, topics }, 'commands cannot be read yet');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
