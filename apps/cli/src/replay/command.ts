import { closeSync, writeSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CONNECTION_ID_PATTERN, DEFAULT_PARTITIONS } from '#libs/contracts';
import { KafkaLog, partitionOf } from '#libs/log';
import { CliError, EXIT, exitCodeHelp } from '../exit.ts';
import { brokersOption, LEADERLESS_MS, logFailure, openNew, regionsOption } from '../kafka.ts';
import type { OperatorContext } from '../operator/context.ts';
import { toCount, toTime } from '../operator/flags.ts';
import { addOutputFlag, configOption, type OutputFormat, settingsOf } from '../operator/settings.ts';
import { styleFor } from '../operator/style.ts';
import { readSlice } from '../verify/read-files.ts';
import { exportSlice } from './export.ts';
import type { Judgement } from './judgement.ts';
import { replay } from './replay.ts';
import { SliceOfLog } from './slice.ts';
import { type Tally, tallyText, traceJson, traceLines } from './trace.ts';

const MOST_PARTITIONS = 4_096;

const EXPORT_HELP = `${exitCodeHelp([EXIT.ok, EXIT.usage, EXIT.unreadable])}
Examples:
  $ trunkline export --connection bank-client-1:primary --from 2026-11-21T03:00:00Z --to 2026-11-21T03:30:00Z night.ndjson
      what the loop knew of one connection in that half hour, and all its decisions before
  $ trunkline export --from 1h hour.ndjson && trunkline replay hour.ndjson
`;

interface ExportFlags {
  readonly brokers?: string[];
  readonly regions?: string[];
  readonly connection?: string;
  readonly from?: string;
  readonly to?: string;
  readonly config?: string;
}

/** `trunkline export`. */
export function exportCommand(context: OperatorContext): Command {
  return new Command('export')
    .summary('keep a slice of the log as a file')
    .description(
      'Writes a slice of the log as a file, for trunkline replay; a whole one also for trunkline verify --log. It changes nothing.',
    )
    .argument('<file>', 'the file to write, which must not be there yet; - is standard output')
    .addOption(brokersOption())
    .addOption(regionsOption())
    .addOption(
      new Option('--connection <id>', 'only this one, with the agents and settings around it').argParser(
        toConnectionId,
      ),
    )
    .addOption(
      new Option('--from <time>', 'facts and reports from then on: RFC 3339, or how long ago (1h)').argParser(
        toTime,
      ),
    )
    .addOption(new Option('--to <time>', 'nothing written after').argParser(toTime))
    .addOption(configOption())
    .addHelpText('after', EXPORT_HELP)
    .action(async (path: string, flags: ExportFlags) => {
      const { config } = settingsOf(context, flags.config === undefined ? {} : { config: flags.config });
      const { connection, from, to } = flags;
      if (from !== undefined && to !== undefined && from > to) {
        throw new CliError(EXIT.usage, '--from is later than --to');
      }
      const wanted = {
        ...(connection !== undefined && { connectionId: connection }),
        ...(from !== undefined && { fromMs: Date.parse(from) }),
        ...(to !== undefined && { toMs: Date.parse(to) }),
      };
      const brokers = flags.brokers ?? config.kafkaBrokers;
      const log = new KafkaLog({ brokers, clientId: 'trunkline-export', leaderlessMs: LEADERLESS_MS });
      const file = path === '-' ? undefined : openNew(path, 'a new file');
      const write = (line: string) =>
        file === undefined ? context.output.out(`${line}\n`) : void writeSync(file, `${line}\n`);
      try {
        const counts = await exportSlice(log, flags.regions ?? config.regions, wanted, write);
        const { decisions, facts, commands, reports } = counts;
        context.output.err(
          `wrote ${decisions} decisions and claims, ${facts} facts, ${commands} commands and ${reports} health reports\n`,
        );
        if (connection !== undefined && facts === 0) {
          context.output.err(
            `trunkline: no fact on ${connection} is among them: is the id right, and --from early enough?\n`,
          );
        }
      } catch (error) {
        throw logFailure(error);
      } finally {
        if (file !== undefined) closeSync(file);
        await log.close();
      }
    });
}

function toConnectionId(text: string): string {
  if (CONNECTION_ID_PATTERN.test(text)) return text;
  throw new InvalidArgumentError('It must be a connection_id: 1 to 128 of A-Z a-z 0-9 . _ : -');
}

const REPLAY_ABOUT = `Puts a slice of the log through the rules of this version, offline, in the order of the log, and says of each input
what is decided now and what stands in the log. After each input it goes on with what stands in the log.`;

const REPLAY_HELP = `
What the log does not tell is not held against a decision: how late each health report was read (up to 3.2 s), and which of
two facts of different topics written within a second was judged first.
${exitCodeHelp([EXIT.ok, EXIT.violated, EXIT.usage, EXIT.unreadable])}
Examples:
  $ trunkline replay night.ndjson
  $ trunkline replay night.ndjson --only-different
  $ trunkline replay night.ndjson --output json | jq 'select(.verdict == "different") | .differences'
  $ cp night.ndjson test/replay/
      from now on a regression test
`;

interface ReplayFlags {
  readonly output?: OutputFormat;
  readonly peers?: string[];
  readonly partitions?: number;
  readonly onlyDifferent?: true;
  readonly config?: string;
}

/** `trunkline replay`. */
export function replayCommand(context: OperatorContext): Command {
  return addOutputFlag(
    new Command('replay')
      .summary('put a slice of the log through the rules of this version')
      .description(REPLAY_ABOUT)
      .argument('<file...>', 'slices that export, or verify --export, wrote; together they are one')
      .addOption(
        new Option(
          '--peers <region,…>',
          'regions whose controller could be asked for a server; default: those that were',
        ).argParser((text: string) => text.split(',').filter((each) => each !== '')),
      )
      .addOption(
        new Option('--partitions <n>', 'of each topic; default: by where the decisions stand').argParser(
          toCount(1, MOST_PARTITIONS),
        ),
      )
      .option('--only-different', 'print only what differs, and the last line'),
  )
    .addOption(configOption())
    .addHelpText('after', REPLAY_HELP)
    .action(async (files: string[], flags: ReplayFlags) => {
      const { output } = settingsOf(context, flags);
      const style = styleFor(context);
      const show = output === 'json' ? traceJson : (judgement: Judgement) => traceLines(judgement, style);
      const tally = await replayFiles(files, flags, (judgement) => {
        if (flags.onlyDifferent && judgement.verdict !== 'different') return;
        context.output.out(show(judgement));
      });
      if (output === 'json') context.output.out(`${JSON.stringify({ tally })}\n`);
      else context.output.out(tallyText(tally));
      if (tally.same + tally.different === 0) {
        throw new CliError(
          EXIT.unreadable,
          'nothing in it could be judged: does it hold facts beside its decisions?',
        );
      }
      context.end(tally.different === 0 ? EXIT.ok : EXIT.violated);
    });
}

/** Goes through slices, which together are one. @throws CliError for files that are none */
export async function replayFiles(
  files: readonly string[],
  { peers, partitions }: Pick<ReplayFlags, 'peers' | 'partitions'>,
  told: (judgement: Judgement) => void,
): Promise<Tally> {
  const slice = new SliceOfLog();
  try {
    for (const file of files)
      await readSlice(file, { record: (record) => slice.take(record), fate: () => {} });
  } catch (error) {
    throw logFailure(error);
  }
  const count = partitions ?? slice.partitionCount(DEFAULT_PARTITIONS);
  const tally: Tally = { same: 0, different: 0, given: 0 };
  const options = { ...(peers && { peers }), partitionOf: (key: string) => partitionOf(key, count) };
  replay(slice, options, (judgement) => {
    tally[judgement.verdict] += 1;
    told(judgement);
  });
  return tally;
}
