import { Command, Option } from 'commander';
import { DEFAULT_PARTITIONS } from '#libs/contracts';
import { KafkaLog } from '#libs/log';
import { EXIT, type ExitCode, exitCodeHelp } from '../../exit.ts';
import { brokersOption, LEADERLESS_MS, regionsOption } from '../../kafka.ts';
import type { OperatorContext } from '../context.ts';
import { Desk } from '../desk.ts';
import { toCount } from '../flags.ts';
import { addRestFlags, type RestFlags } from '../settings.ts';
import { colourOf } from '../style.ts';
import { printable } from '../table.ts';
import { certificateFiles, checkCertificates, readCertificates } from './certificates.ts';
import { checkController } from './controller.ts';
import type { Finding } from './finding.ts';
import { checkKafka } from './kafka.ts';

const HELP = `
Looks at: Kafka, each region's topics, the controller and its parts, the registry (Redis), lag, clocks, agents, certificates.
Exit code 1 when a line says fail (with --strict also warn), 3 when something could not be reached.
${exitCodeHelp([EXIT.ok, EXIT.violated, EXIT.usage, EXIT.unreadable])}
Examples:
  $ trunkline check
  $ trunkline check --url http://127.0.0.1:8180 --strict
  $ trunkline check --output json | jq '.findings[] | select(.status != "ok")'
`;

interface CheckFlags extends RestFlags {
  readonly brokers?: string[];
  readonly regions?: string[];
  readonly partitions: number;
  readonly strict?: true;
}

/** `trunkline check`. */
export function checkCommand(context: OperatorContext): Command {
  return addRestFlags(
    new Command('check')
      .summary('look whether all is well, with a hint where it is not')
      .description('Looks whether all is well: one line a finding, ok, warn or fail, with a hint.')
      .addOption(brokersOption())
      .addOption(regionsOption())
      .addOption(
        new Option('--partitions <n>', 'of every keyed topic')
          .argParser(toCount(1, 4_096))
          .default(DEFAULT_PARTITIONS),
      )
      .option('--strict', 'a warning counts as a failure')
      .addHelpText('after', HELP),
  ).action(async (flags: CheckFlags) => {
    const desk = new Desk(context, flags);
    const { config } = desk.settings;
    const brokers = flags.brokers ?? config.kafkaBrokers;
    const { partitions } = flags;
    const wanted = { brokers, regions: flags.regions ?? config.regions, partitions };
    const log = new KafkaLog({ brokers, clientId: 'trunkline-check', leaderlessMs: LEADERLESS_MS });
    try {
      const [ofKafka, ofController] = await Promise.all([
        checkKafka(log, wanted),
        checkController(desk.api, context.nowMs),
      ]);
      const files = certificateFiles(context.stackHome, [config.tlsCa, config.tlsCert]);
      const { ends, unreadable } = readCertificates(files);
      const own = [...unreadable, ...checkCertificates('certificates here', ends, context.nowMs())];
      const findings = [...ofKafka, ...ofController, ...own];
      const code = codeOf(findings, flags.strict === true);
      desk.show({ ok: code === EXIT.ok, findings }, () => findings.map((one) => lineOf(desk, one)).join(''));
      context.end(code);
    } finally {
      await log.close();
    }
  });
}

function codeOf(findings: readonly Finding[], isStrict: boolean): ExitCode {
  if (findings.some(({ unreachable }) => unreachable)) return EXIT.unreadable;
  const isBad = ({ status }: Finding) => status === 'fail' || (isStrict && status === 'warn');
  return findings.some(isBad) ? EXIT.violated : EXIT.ok;
}

function lineOf({ style }: Desk, { check, status, detail, hint }: Finding): string {
  const head = `${style(colourOf(status), status.padEnd(4))}  ${check}: ${printable(detail)}\n`;
  return hint === undefined ? head : `${head}      ${style('dim', `→ ${hint}`)}\n`;
}
