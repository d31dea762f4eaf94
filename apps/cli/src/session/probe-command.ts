import { Command } from 'commander';
import { EndpointError } from '#libs/endpoint';
import { CliError, EXIT, exitCodeHelp } from '../exit.ts';
import type { SessionContext } from './context.ts';
import { asCliError } from './failures.ts';
import { addCommonFlags, type CommonFlags } from './flags.ts';
import { Reporter } from './reporter.ts';
import { setUp } from './setup.ts';

const ABOUT = [
  'Measures how far every broker is: ping frames behind TLS, the first one discarded, all brokers at once. The round',
  'trip is the median of five pings, the jitter the median distance from it. The nearest broker that takes new sessions',
  'is marked; a target would attach there.',
].join(' ');

const HELP = `${exitCodeHelp([EXIT.ok, EXIT.usage, EXIT.unreadable, EXIT.intercepted, EXIT.proxy])}
Examples:
  $ trunkline probe --brokers .trunkline/brokers-india.json
      the local stack's brokers, as far as they are from India
  $ trunkline probe --brokers brokers.json --json
`;

/** `trunkline probe`. */
export function probeCommand(context: SessionContext): Command {
  return addCommonFlags(
    new Command('probe').summary('measure how far every broker is').description(ABOUT),
    'controller',
  )
    .addHelpText('after', HELP)
    .action(async (flags: CommonFlags) => {
      const reporter = new Reporter(context.output, context.terminal, flags.json === true);
      try {
        const { brokers, identity, ...options } = await setUp(context, flags, { role: 'controller' });
        let known = 0;
        reporter.progress(`measuring ${brokers.length} brokers`);
        const table = await context.endpoint.probe(brokers, identity, {
          ...options,
          onRow: () => {
            known += 1;
            reporter.progress(`measured ${known} of ${brokers.length} brokers`);
          },
        });
        reporter.probe(table);
        if (table.best === undefined) throw unreachable(table.rows[0]?.status);
      } catch (error) {
        if (error instanceof EndpointError) reporter.error(error);
        throw asCliError(error);
      }
    });
}

/** All failed: told as the first of them did, because one cause is likely the cause of all. */
function unreachable(status: string | undefined): Error {
  if (status === 'intercepted' || status === 'proxy-failed' || status === 'proxy-auth') {
    return new EndpointError(status);
  }
  return new CliError(EXIT.unreadable, 'no broker takes sessions: the table says why of each');
}
