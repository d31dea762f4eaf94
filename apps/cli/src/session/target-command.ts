import { Command } from 'commander';
import { EndpointError, guestIdentity, type TargetOptions, type TargetSession } from '#libs/endpoint';
import { CliError, EXIT, exitCodeHelp } from '../exit.ts';
import { askYesNo } from '../terminal.ts';
import type { SessionContext } from './context.ts';
import { asCliError } from './failures.ts';
import { addCommonFlags, type CommonFlags, type HostPort, toDurationMs, toHostPort } from './flags.ts';
import { SessionKeeper } from './kept-session.ts';
import { Reporter } from './reporter.ts';
import { runSession } from './run-session.ts';
import { type Setup, type SetupOptions, setUp } from './setup.ts';

/** How often what is kept is said to be good for longer, in milliseconds. */
const KEEP_MS = 30_000;

interface Flags extends CommonFlags {
  readonly forward: HostPort;
  readonly yes?: true;
  readonly guest?: true;
  readonly caPin?: string;
  readonly surviveReboot?: number;
  readonly resume?: true;
}

const ABOUT = [
  'The side that is helped: measures the brokers, attaches to the nearest with the code that the controller read out,',
  'shows who will control, and asks. What the controller connects is carried to --forward, and to nothing else.',
].join(' ');

const HELP = `
Without a certificate it comes as a guest, with a key of its own making, where policy allows that. A code that is
mistyped is told at once, by its check symbol, without asking a broker.
The key q (or Ctrl-C) ends the session at once; while it asks, y agrees and every other key declines.
HTTPS_PROXY is honoured (CONNECT, with user and password); NO_PROXY, when it names every broker of the list.
${exitCodeHelp([EXIT.ok, EXIT.usage, EXIT.unreadable, EXIT.code, EXIT.refused, EXIT.intercepted, EXIT.proxy, EXIT.later, EXIT.lost])}
Examples:
  $ trunkline target E7F3-K9QX-M2B4-TR --brokers .trunkline/brokers-india.json --forward 127.0.0.1:22
  $ trunkline target E7F3-K9QX-M2B4-TR --brokers brokers.json --ca ca.crt --ca-pin sha256:… --forward 127.0.0.1:22 --survive-reboot 2h
      the session outlives a restart of this machine, when after it this is run:
  $ trunkline target --resume --brokers brokers.json --ca ca.crt --forward 127.0.0.1:22
`;

/** `trunkline target`. */
export function targetCommand(context: SessionContext): Command {
  return addCommonFlags(
    new Command('target')
      .summary('let a controller in, by its code')
      .description(ABOUT)
      .argument('[code]', 'the code, as it was read out; case and hyphens do not matter')
      .requiredOption('--forward <host:port>', 'what the controller reaches, and nothing else', toHostPort),
    'target',
  )
    .option('--yes', 'consent beforehand: nobody is asked')
    .option('--guest', 'come as a guest, whatever certificate is there')
    .option('--ca-pin <sha256:…>', 'what --ca must be, from the invitation')
    .option(
      '--survive-reboot <time>',
      "keep the session (and a guest's key) for --resume, so long: 90s, 30m, 2h",
      toDurationMs,
    )
    .option('--resume', 'go on with the kept session, without a code')
    .addHelpText('after', HELP)
    .action((code: string | undefined, flags: Flags) => beTarget(context, code, flags));
}

async function beTarget(context: SessionContext, code: string | undefined, flags: Flags): Promise<void> {
  checkFlags(context, code, flags);
  const reporter = new Reporter(context.output, context.terminal, flags.json === true);
  const keeper = new SessionKeeper(context.stateHome);
  try {
    const kept = flags.resume ? keeper.read(Date.now()) : undefined;
    const { guest } = kept ?? {};
    const who: SetupOptions = {
      role: 'target',
      mayBeGuest: true,
      ...(flags.guest ? { guest: true } : {}),
      ...(flags.caPin === undefined ? {} : { caPin: flags.caPin }),
      ...(guest === undefined ? {} : { kept: (ca) => guestIdentity({ ca, ...guest }) }),
    };
    const setup = await setUp(context, flags, who);
    const surviveMs = kept ? (kept.surviveMs ?? Date.parse(kept.until) - Date.now()) : flags.surviveReboot;
    await runSession(context, reporter, {
      hint: 'q ends it',
      endsByKey: true,
      outlives: surviveMs !== undefined,
      open: (signal) => {
        reporter.progress(`measuring ${setup.brokers.length} brokers`);
        const base = {
          ...setup,
          signal,
          forward: flags.forward,
          onProbe: (table: Parameters<Reporter['probe']>[0]) => reporter.probe(table),
        };
        if (kept)
          return context.endpoint.resumeTarget({
            ...base,
            saved: kept.session,
            ...(surviveMs === undefined ? {} : { surviveMs }),
          });
        return context.endpoint.attachTarget(attachOptions(context, reporter, base, code ?? '', flags));
      },
      onOpen: (session) => {
        if (surviveMs !== undefined) keepUp(keeper, session, setup, surviveMs);
      },
      onClosed: () => keeper.forget(),
    });
  } catch (error) {
    if (error instanceof EndpointError) reporter.error(error);
    throw asCliError(error);
  }
}

function checkFlags({ terminal }: SessionContext, code: string | undefined, flags: Flags): void {
  if (flags.resume && code !== undefined) {
    throw new CliError(EXIT.usage, '--resume goes on with the kept session: leave out the code');
  }
  if (flags.resume && flags.surviveReboot !== undefined) {
    throw new CliError(EXIT.usage, '--resume keeps what the kept session has: leave out --survive-reboot');
  }
  if (!flags.resume && code === undefined) {
    throw new CliError(
      EXIT.usage,
      'the code is missing: trunkline target <code> …, as the controller reads it out',
    );
  }
  if (!flags.resume && !flags.yes && !terminal.isInteractive) {
    throw new CliError(
      EXIT.usage,
      'nobody can be asked here: run it at a terminal, or consent beforehand with --yes',
    );
  }
}

function attachOptions(
  { terminal, output }: SessionContext,
  reporter: Reporter,
  base: Omit<TargetOptions, 'code' | 'consent'> & { readonly signal: AbortSignal },
  code: string,
  flags: Flags,
): TargetOptions {
  const { host, port } = flags.forward;
  return {
    ...base,
    code,
    ...(flags.surviveReboot === undefined ? {} : { surviveMs: flags.surviveReboot }),
    consent: async ({ id, brokerId }) => {
      const data = { controller_id: id, broker_id: brokerId };
      reporter.event(
        'consent',
        data,
        `${id} wants to reach ${host}:${port} from this machine, through ${brokerId}.`,
      );
      if (flags.yes) return true;
      if (!flags.json) output.out('Allow it? [y/N] ');
      const agreed = await askYesNo(terminal, base.signal);
      if (!flags.json) output.out(agreed ? 'y\n' : 'n\n');
      return agreed;
    },
  };
}

/**
 * Kept from the beginning, with each epoch, which a broker wants to know, and every while: nobody knows when the machine goes
 * down, and the time that it may be away counts from then.
 */
function keepUp(keeper: SessionKeeper, session: TargetSession, setup: Setup, surviveMs: number): void {
  const keep = (): void => keeper.keep(session.saved, setup.identity, surviveMs, Date.now());
  keep();
  session.on('open', keep);
  session.on('resumed', keep);
  const again = setInterval(() => {
    try {
      keep();
    } catch {
      // A disk that is full ends no session: what was kept last stands.
    }
  }, KEEP_MS);
  void session.closed.then(() => clearInterval(again));
}
