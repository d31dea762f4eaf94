import { closeSync, openSync, writeSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { verify } from '#libs/domain';
import { KafkaLog, LogUnavailable, TruthUnreadable } from '#libs/log';
import { readConfig } from '#libs/platform';
import { BROKER_PATTERN, CliConfig, REGION_PATTERN } from '../config.ts';
import { CliError, EXIT, type ExitCode, type Output } from '../exit.ts';
import { jsonReport, textReport } from './report.ts';
import { type VerifyOptions, verifyKafka, verifySlices } from './run.ts';

/** A person waits: a region whose topics are not there by then is not there. */
const LEADERLESS_MS = 3_000;

interface Flags {
  readonly brokers?: string[];
  readonly regions?: string[];
  readonly data?: string;
  readonly log?: string[];
  readonly export?: string;
  readonly output: 'text' | 'json';
  readonly clockSkew?: number;
}

const ABOUT = `Proves from the log that no invariant was broken.

Reads every region's decisions, facts, commands and health reports from their beginning to their present end, and, with
--data, what the applications wrote down of each message. Changes nothing, and may run beside everything else.`;

const HELP = `
Invariants, by the code that a violation names:
${Object.entries(verify.INVARIANTS)
  .map(([code, meaning]) => `  ${code.padEnd(23)} ${meaning}`)
  .join('\n')}

Exit code: 0 all hold, 1 one is broken, 2 wrong usage, 3 something cannot be read.

Examples:
  $ trunkline verify --data .trunkline/data
      the local stack: the log, and every message of its applications
  $ trunkline verify --brokers kafka-1:9092,kafka-2:9092 --regions east,west --output json
  $ trunkline verify --data .trunkline/data --export incident.ndjson
      keeps the slice that was read; incident.ndjson can be looked at anywhere:
  $ trunkline verify --log incident.ndjson
`;

/** `trunkline verify`. `end` is told the exit code. */
export function verifyCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('verify')
    .summary('prove from the log that no invariant was broken')
    .description(ABOUT)
    .addOption(
      new Option(
        '--brokers <host:port,…>',
        'Kafka; default: TRUNKLINE_KAFKA_BROKERS, or 127.0.0.1:9092',
      ).argParser(listOf(BROKER_PATTERN, 'host:port, and commas between')),
    )
    .addOption(
      new Option('--regions <name,…>', 'control regions; default: TRUNKLINE_REGIONS, or east,west').argParser(
        listOf(REGION_PATTERN, 'names without dots, and commas between'),
      ),
    )
    .option('--data <folder>', "the applications' *.ndjson: who was sent, approved and reversed what")
    .option('--log <file...>', 'slices that --export wrote, in place of Kafka')
    .option('--export <file>', 'also write what was read, as --log reads it; the file must not be there yet')
    .addOption(
      new Option('--output <format>', 'for people, or for programs')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addOption(
      new Option('--clock-skew <ms>', "how far two machines' clocks may be apart; default: 1000").argParser(
        toMs,
      ),
    )
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const report = await auditOf(flags);
      output.out(flags.output === 'json' ? jsonReport(report) : textReport(report));
      end(report.found === 0 ? EXIT.ok : EXIT.violated);
    });
}

async function auditOf(flags: Flags): Promise<verify.AuditReport> {
  const options: VerifyOptions = {
    ...(flags.data === undefined ? {} : { data: flags.data }),
    ...(flags.clockSkew === undefined ? {} : { clockSkewMs: flags.clockSkew }),
  };
  try {
    if (flags.log === undefined) return await fromKafka(flags, options);
    const [other] = (['brokers', 'regions', 'export'] as const).filter((name) => flags[name] !== undefined);
    if (other)
      throw new CliError(
        EXIT.usage,
        `--${other} goes with Kafka, and --log is in place of it: leave one out`,
      );
    return await verifySlices(flags.log, options);
  } catch (error) {
    throw error instanceof CliError ? error : asCliError(error);
  }
}

async function fromKafka(flags: Flags, options: VerifyOptions): Promise<verify.AuditReport> {
  const { config, lines } = readConfig(CliConfig);
  if (lines.length > 0) throw new CliError(EXIT.usage, `the environment is not valid: ${lines.join('; ')}`);
  const brokers = flags.brokers ?? config.kafkaBrokers;
  const log = new KafkaLog({ brokers, clientId: 'trunkline-verify', leaderlessMs: LEADERLESS_MS });
  const file = flags.export === undefined ? undefined : openNew(flags.export);
  const exportLine = file === undefined ? undefined : (line: string) => void writeSync(file, `${line}\n`);
  try {
    const source = { log, regions: flags.regions ?? config.regions };
    return await verifyKafka(source, { ...options, ...(exportLine && { exportLine }) });
  } finally {
    if (file !== undefined) closeSync(file);
    await log.close();
  }
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new CliError(EXIT.usage, `${path} is there already: name a new file for --export`);
    throw new CliError(EXIT.unreadable, `${path} cannot be written (${code})`);
  }
}

/** What cannot be read is told with its place and what to do; a defect of ours keeps its stack. */
function asCliError(error: unknown): unknown {
  if (error instanceof TruthUnreadable) {
    const hint = 'the log counts this record, and nobody may skip it; look at it with --export';
    return new CliError(EXIT.unreadable, `${error.message}; ${hint}`);
  }
  if (error instanceof LogUnavailable) {
    const hint = 'is Kafka there? --brokers host:port, or TRUNKLINE_KAFKA_BROKERS, says where';
    return new CliError(EXIT.unreadable, `${error.message}: ${hint}`);
  }
  return error;
}

const listOf =
  (pattern: RegExp, allowed: string) =>
  (text: string): string[] => {
    const items = text.split(',').map((item) => item.trim());
    if (items.every((item) => pattern.test(item)) && new Set(items).size === items.length) return items;
    throw new InvalidArgumentError(`It must be ${allowed}.`);
  };

function toMs(text: string): number {
  const ms = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(ms) || ms < 0) {
    throw new InvalidArgumentError('It must be a whole number of milliseconds.');
  }
  return ms;
}
