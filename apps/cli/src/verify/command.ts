import { closeSync, writeSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { verify } from '#libs/domain';
import { KafkaLog } from '#libs/log';
import { readConfig } from '#libs/platform';
import { CliConfig } from '../config.ts';
import { CliError, EXIT, type ExitCode, type Output } from '../exit.ts';
import { brokersOption, LEADERLESS_MS, logFailure, openNew, regionsOption } from '../kafka.ts';
import { type LedgerReport, Ledgers, ledgerJson, ledgersOf, ledgerText } from './ledger.ts';
import { jsonReport, textReport } from './report.ts';
import { type VerifyOptions, verifyKafka, verifySlices } from './run.ts';

interface Flags {
  readonly brokers?: string[];
  readonly regions?: string[];
  readonly data?: string;
  readonly log?: string[];
  readonly export?: string;
  readonly output: 'text' | 'json';
  readonly clockSkew?: number;
  readonly ledger?: true;
  readonly url?: string;
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
    .addOption(brokersOption())
    .addOption(regionsOption())
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
    throw logFailure(error);
  }
}

async function fromKafka(flags: Flags, options: VerifyOptions): Promise<verify.AuditReport> {
  const { config, lines } = readConfig(CliConfig);
  if (lines.length > 0) throw new CliError(EXIT.usage, `the environment is not valid: ${lines.join('; ')}`);
  const brokers = flags.brokers ?? config.kafkaBrokers;
  const log = new KafkaLog({ brokers, clientId: 'trunkline-verify', leaderlessMs: LEADERLESS_MS });
  const file = flags.export === undefined ? undefined : openNew(flags.export, 'a new file for --export');
  const exportLine = file === undefined ? undefined : (line: string) => void writeSync(file, `${line}\n`);
  try {
    const source = { log, regions: flags.regions ?? config.regions };
    return await verifyKafka(source, { ...options, ...(exportLine && { exportLine }) });
  } finally {
    if (file !== undefined) closeSync(file);
    await log.close();
  }
}

function toMs(text: string): number {
  const ms = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(ms) || ms < 0) {
    throw new InvalidArgumentError('It must be a whole number of milliseconds.');
  }
  return ms;
}
