import { Command, Option } from 'commander';
import { DEFAULT_PARTITIONS } from '#libs/contracts';
import { KafkaLog, type TopicFault, WrongTopic } from '#libs/log';
import { CliError, EXIT, exitCodeHelp } from '../exit.ts';
import { teach } from '../help.ts';
import { brokersOption, LEADERLESS_MS, logFailure, regionsOption } from '../kafka.ts';
import { messageOf } from './check/finding.ts';
import type { OperatorContext } from './context.ts';
import { toCount } from './flags.ts';
import { addOutputFlag, configOption, type OutputFormat, settingsOf } from './settings.ts';
import { styleFor } from './style.ts';
import { type Column, table } from './table.ts';

const HELP = `${exitCodeHelp([EXIT.ok, EXIT.violated, EXIT.usage, EXIT.unreadable])}
Examples:
  $ trunkline topics verify --regions east,west
  $ trunkline topics create --regions east --partitions 12 --replication 3
      makes those that are missing; what is there is never changed
`;

interface TopicFlags {
  readonly brokers?: string[];
  readonly regions?: string[];
  readonly partitions: number;
  readonly replication?: number;
  readonly output?: OutputFormat;
  readonly config?: string;
}

interface Fault extends TopicFault {
  readonly region: string;
}

const COLUMNS: readonly Column<Fault>[] = [
  { head: 'TOPIC', of: ({ topic }) => topic },
  { head: 'WHAT', of: ({ setting }) => setting },
  { head: 'IS', of: ({ found }) => found, colour: () => 'red' },
  { head: 'MUST BE', of: ({ wanted }) => wanted },
];

/** `trunkline topics`. */
export function topicsCommand(context: OperatorContext): Command {
  const command = new Command('topics')
    .summary('verify or make the topics of control regions')
    .description('Verifies or makes the Kafka topics of control regions.');
  const verify = topicFlags(
    new Command('verify')
      .summary('are they all there, with their settings?')
      .description('Looks, and changes nothing.'),
  ).action((flags: TopicFlags) =>
    withLog(context, flags, (log, wanted) => verifyTopics(context, log, wanted)),
  );
  const create = topicFlags(
    new Command('create')
      .summary('make those that are missing')
      .description(
        'Makes the topics that are missing, with their settings; one that stands otherwise is told, not changed.',
      ),
  )
    .addOption(
      new Option('--replication <n>', 'copies of each partition').argParser(toCount(1, 16)).default(1),
    )
    .action((flags: TopicFlags) =>
      withLog(context, flags, (log, wanted) => createTopics(context, log, wanted)),
    );
  return teach(command.addCommand(verify).addCommand(create), HELP);
}

function topicFlags(command: Command): Command {
  return addOutputFlag(
    command
      .addOption(brokersOption())
      .addOption(regionsOption())
      .addOption(
        new Option('--partitions <n>', 'of every keyed topic, for ever')
          .argParser(toCount(1, 4_096))
          .default(DEFAULT_PARTITIONS),
      ),
  ).addOption(configOption());
}

interface Wanted extends TopicFlags {
  readonly names: readonly string[];
  readonly isJson: boolean;
}

async function withLog(
  context: OperatorContext,
  flags: TopicFlags,
  use: (log: KafkaLog, wanted: Wanted) => Promise<void>,
): Promise<void> {
  const { config, output } = settingsOf(context, flags);
  const brokers = flags.brokers ?? config.kafkaBrokers;
  const log = new KafkaLog({ brokers, clientId: 'trunkline-topics', leaderlessMs: LEADERLESS_MS });
  try {
    await use(log, { ...flags, names: flags.regions ?? config.regions, isJson: output === 'json' });
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (error instanceof WrongTopic) {
      const hint =
        'nothing changes a topic that is there; have it made anew, or name the --partitions that it has';
      throw new CliError(EXIT.violated, `${error.message}: ${hint}`);
    }
    const known = logFailure(error);
    if (known instanceof CliError) throw known;
    const hint = 'is Kafka there? --brokers host:port, or TRUNKLINE_KAFKA_BROKERS, says where';
    throw new CliError(EXIT.unreadable, `no answer from ${brokers.join(',')} (${messageOf(error)}): ${hint}`);
  } finally {
    await log.close();
  }
}

async function verifyTopics(context: OperatorContext, log: KafkaLog, { names, partitions, isJson }: Wanted) {
  const faults: Fault[] = [];
  for (const region of names) {
    for (const fault of await log.topicFaults(region, { partitions })) faults.push({ region, ...fault });
  }
  const isGood = faults.length === 0;
  context.output.out(
    isJson
      ? `${JSON.stringify({ ok: isGood, faults }, null, 2)}\n`
      : isGood
        ? `all topics of ${names.join(', ')} are there, as they must be\n`
        : table(COLUMNS, faults, { columns: context.screen.columns(), style: styleFor(context) }),
  );
  context.end(isGood ? EXIT.ok : EXIT.violated);
}

async function createTopics(
  context: OperatorContext,
  log: KafkaLog,
  { names, partitions, replication = 1, isJson }: Wanted,
): Promise<void> {
  const made: string[] = [];
  for (const region of names) {
    const faults = await log.topicFaults(region, { partitions });
    await log.ensureTopics(region, { partitions, replication });
    made.push(...faults.filter(({ setting }) => setting === 'the topic').map(({ topic }) => topic));
  }
  context.output.out(
    isJson
      ? `${JSON.stringify({ made }, null, 2)}\n`
      : `${made.length === 0 ? 'all were there already' : made.map((topic) => `made  ${topic}`).join('\n')}\n`,
  );
}
