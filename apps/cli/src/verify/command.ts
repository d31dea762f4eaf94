import { closeSync, writeSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { TIMING } from '#libs/contracts';
import { verify } from '#libs/domain';
import { KafkaLog } from '#libs/log';
import { readConfig } from '#libs/platform';
import { CliConfig, URL_PATTERN } from '../config.ts';
import { CliError, EXIT, type ExitCode, exitCodeHelp, type Output } from '../exit.ts';
import { brokersOption, LEADERLESS_MS, logFailure, openNew, regionsOption } from '../kafka.ts';
import { type LedgerReport, Ledgers, ledgerJson, ledgersOf, ledgerText, type ToldBy } from './ledger.ts';
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
${exitCodeHelp([EXIT.ok, EXIT.violated, EXIT.usage, EXIT.unreadable])}
Examples:
  $ trunkline verify --data .trunkline/data
      the local stack: the log, and every message of its applications
  $ trunkline verify --brokers kafka-1:9092,kafka-2:9092 --regions east,west --output json
  $ trunkline verify --data .trunkline/data --export incident.ndjson
      keeps the slice that was read; incident.ndjson can be looked at anywhere:
  $ trunkline verify --log incident.ndjson
  $ trunkline verify --ledger
      also each move's times, from the facts and decisions themselves, against what REST tells
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
    .option(
      '--ledger',
      'also recompute the times of every move, and compare them with what a controller tells',
    )
    .addOption(
      new Option(
        '--url <url>',
        'REST of that controller; default: TRUNKLINE_URL; with --log: none',
      ).argParser(toUrl),
    )
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const { report, ledger } = await auditOf(flags);
      output.out(
        flags.output === 'json' ? jsonReport(report, ledger && ledgerJson(ledger)) : textReport(report),
      );
      if (ledger && flags.output === 'text') output.out(ledgerText(ledger));
      const differ = ledger !== undefined && ledger.differences.length > 0;
      end(report.found === 0 && !differ ? EXIT.ok : EXIT.violated);
    });
}

interface Audited {
  readonly report: verify.AuditReport;
  readonly ledger?: LedgerReport;
}

async function auditOf(flags: Flags): Promise<Audited> {
  if (flags.url !== undefined && !flags.ledger) {
    throw new CliError(
      EXIT.usage,
      '--url goes with --ledger: it names the controller whose ledgers are compared',
    );
  }
  const ledgers = flags.ledger ? new Ledgers() : undefined;
  const options: VerifyOptions = {
    ...(flags.data === undefined ? {} : { data: flags.data }),
    ...(flags.clockSkew === undefined ? {} : { clockSkewMs: flags.clockSkew }),
    ...(ledgers === undefined ? {} : { ledgers }),
  };
  try {
    const told = ledgers === undefined ? undefined : await toldLedgers(flags);
    const report = await reportOf(flags, options);
    return ledgers === undefined ? { report } : { report, ledger: ledgers.report(told) };
  } catch (error) {
    throw logFailure(error);
  }
}

/** A slice may be of any time and any system: a controller is asked only if one is named. */
async function toldLedgers(flags: Flags): Promise<ToldBy | undefined> {
  if (flags.log !== undefined && flags.url === undefined) return undefined;
  const { url, token } = environment();
  return ledgersOf(flags.url ?? url, token, flags.clockSkew ?? TIMING.clockSkewMs);
}

async function reportOf(flags: Flags, options: VerifyOptions): Promise<verify.AuditReport> {
  if (flags.log === undefined) return fromKafka(flags, options);
  const [other] = (['brokers', 'regions', 'export'] as const).filter((name) => flags[name] !== undefined);
  if (other)
    throw new CliError(EXIT.usage, `--${other} goes with Kafka, and --log is in place of it: leave one out`);
  return verifySlices(flags.log, options);
}

/** @throws CliError for an environment that is not valid */
function environment(): CliConfig {
  const { config, lines } = readConfig(CliConfig);
  if (lines.length > 0) throw new CliError(EXIT.usage, `the environment is not valid: ${lines.join('; ')}`);
  return config;
}

async function fromKafka(flags: Flags, options: VerifyOptions): Promise<verify.AuditReport> {
  const config = environment();
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

function toUrl(text: string): string {
  if (URL_PATTERN.test(text)) return text;
  throw new InvalidArgumentError('It must be http://host:port or https://host:port.');
}

function toMs(text: string): number {
  const ms = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(ms) || ms < 0) {
    throw new InvalidArgumentError('It must be a whole number of milliseconds.');
  }
  return ms;
}
