import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliError, EXIT } from '../exit.ts';

/** `host:port`, as a flag gives it. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What every command of sessions takes. */
export interface CommonFlags {
  readonly brokers?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly json?: true;
}

const HOUR_MS = 3_600_000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: HOUR_MS };
/** As long as a session may be asked to survive. */
const LONGEST_MS = 24 * HOUR_MS;

/** @param who whose certificate of the local stack is taken when none is named */
export function addCommonFlags(command: Command, who: string): Command {
  return command
    .option('--brokers <file>', "the list of brokers, JSON; default: the local stack's brokers.json")
    .option(
      '--ca <file>',
      "PEM: the authority that brokers are believed by; default: TRUNKLINE_TLS_CA, or the local stack's",
    )
    .option(
      '--cert <file>',
      `PEM: the certificate to come with; default: TRUNKLINE_TLS_CERT, or the local stack's ${who}.crt`,
    )
    .option('--key <file>', 'PEM: its key; default: TRUNKLINE_TLS_KEY, or the one beside the certificate')
    .addOption(new Option('--json', 'one JSON object a line, for programs: what happens, as it happens'));
}

/** `127.0.0.1:22`, `[::1]:22` or `22`, which is on this machine. */
export function toHostPort(text: string): HostPort {
  const [, bracketed, plain, digits = ''] =
    /^(?:(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) throw new InvalidArgumentError('It must be host:port.');
  return { host: bracketed ?? plain ?? '127.0.0.1', port };
}

/** `90s`, `30m` or `2h`, in milliseconds. */
export function toDurationMs(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const ms = Number(digits) * (UNIT_MS[unit] ?? Number.NaN);
  if (!(ms >= 1_000 && ms <= LONGEST_MS)) {
    throw new InvalidArgumentError('It must be a time like 90s, 30m or 2h, of at most 24h.');
  }
  return ms;
}

/** @throws CliError `unreadable`, naming the flag */
export function readFlagFile(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(EXIT.unreadable, `${flag} ${path} cannot be read (${code})`);
  }
}
