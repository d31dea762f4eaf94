import { Command } from 'commander';
import { type ControllerSession, EndpointError } from '#libs/endpoint';
import { CliError, EXIT, exitCodeHelp } from '../exit.ts';
import type { SessionContext } from './context.ts';
import { asCliError } from './failures.ts';
import { addCommonFlags, type CommonFlags, type HostPort, toHostPort } from './flags.ts';
import { invitationText } from './invitation.ts';
import { Reporter } from './reporter.ts';
import { runSession } from './run-session.ts';
import { pinOf, setUp } from './setup.ts';

interface Flags extends CommonFlags {
  readonly listen: HostPort;
  readonly probe: boolean;
}

const ABOUT = [
  "The technician's side of a session: prints a code, waits for the target, and carries connections to it. Whatever",
  'connects to --listen is carried to what the target forwards to, several connections at a time. The session moves to',
  'the broker that is nearest to the target, and to another one when that dies: connections stay.',
].join(' ');

const HELP = `
The code works once. The target sees your certificate's name and is asked before anything is reached.
HTTPS_PROXY is honoured (CONNECT, with user and password); NO_PROXY, when it names every broker of the list.
${exitCodeHelp([EXIT.ok, EXIT.usage, EXIT.unreadable, EXIT.code, EXIT.refused, EXIT.intercepted, EXIT.proxy, EXIT.later, EXIT.lost])}
Examples:
  $ trunkline controller --brokers .trunkline/brokers-usa.json --listen 127.0.0.1:2222
      then, when the target is there:
  $ ssh -p 2222 me@127.0.0.1
  $ trunkline controller --brokers brokers.json --cert me.crt --key me.key --listen 127.0.0.1:3389 --json
`;

/** `trunkline controller`. */
export function controllerCommand(context: SessionContext): Command {
  return addCommonFlags(
    new Command('controller')
      .summary('ask for a code and control a target')
      .description(ABOUT)
      .requiredOption('--listen <host:port>', 'what connects here is carried to the target', toHostPort),
    'controller',
  )
    .option(
      '--no-probe',
      'do not measure the brokers first: then any may be chosen, also one that you do not reach',
    )
    .addHelpText('after', HELP)
    .action((flags: Flags) => control(context, flags));
}

async function control(context: SessionContext, flags: Flags): Promise<void> {
  const reporter = new Reporter(context.output, context.terminal, flags.json === true);
  try {
    const setup = await setUp(context, flags, { role: 'controller' });
    await runSession(context, reporter, {
      hint: 'Ctrl-C ends it',
      open: async (signal) => {
        reporter.progress(`measuring ${setup.brokers.length} brokers, then asking for a code`);
        const session = await context.endpoint.openController({
          ...setup,
          signal,
          probe: flags.probe,
          onProbe: (table) => reporter.probe(table),
        });
        await listenOrClose(session, flags.listen);
        const { code, codeExpiresAt } = session;
        const { connectionId, homeRegion, brokerId } = session.status;
        const { brokersFile } = setup;
        const caPin = pinOf(setup.ca);
        reporter.event(
          'code',
          {
            code,
            expires_at: codeExpiresAt,
            connection_id: connectionId,
            home_region: homeRegion,
            broker_id: brokerId,
            ca_pin: caPin,
          },
          invitationText({ code, expiresAt: codeExpiresAt, brokersFile, caPin }),
        );
        return session;
      },
    });
  } catch (error) {
    if (error instanceof EndpointError) reporter.error(error);
    throw asCliError(error);
  }
}

async function listenOrClose(session: ControllerSession, at: HostPort): Promise<void> {
  try {
    await session.listen(at);
  } catch (error) {
    await session.close();
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof EndpointError) throw error;
    throw new CliError(
      EXIT.usage,
      `--listen ${at.host}:${at.port} cannot be listened on (${code}): name another port`,
    );
  }
}
