import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readConfig } from '#libs/platform';
import { CliConfig, TOKEN_PATTERN, URL_PATTERN } from '../config.ts';
import { CliError, EXIT } from '../exit.ts';
import type { OperatorContext } from './context.ts';

export type OutputFormat = 'table' | 'json';

/** What every command takes that talks to a controller. */
export interface RestFlags {
  readonly url?: string;
  readonly token?: string;
  readonly config?: string;
  readonly output?: OutputFormat;
}

/** What is true of this call: flags go before the environment, and that before the file. */
export interface Settings {
  readonly url: string;
  readonly token: string | undefined;
  readonly output: OutputFormat;
  readonly config: Readonly<CliConfig>;
}

/** Members of the file, and the variable that goes before each. */
const FILE_MEMBERS: Readonly<Record<string, string>> = {
  url: 'TRUNKLINE_URL',
  token: 'TRUNKLINE_TOKEN',
  brokers: 'TRUNKLINE_KAFKA_BROKERS',
  regions: 'TRUNKLINE_REGIONS',
};
/** And these, which no variable says. */
const FILE_ONLY = ['token_file', 'output'];
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export function addRestFlags(command: Command): Command {
  return addOutputFlag(
    command
      .addOption(
        new Option(
          '--url <url>',
          'REST of a central controller; default: TRUNKLINE_URL, or http://127.0.0.1:8080',
        ).argParser(matching(URL_PATTERN, 'http://host:port or https://host:port')),
      )
      .addOption(
        new Option(
          '--token <token>',
          "bearer token; default: TRUNKLINE_TOKEN, or the local stack's for a controller on loopback",
        ).argParser(matching(TOKEN_PATTERN, 'one word')),
      ),
  ).addOption(configOption());
}

export function addOutputFlag(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'a table for people, or JSON for programs').choices([
      'table',
      'json',
    ]),
  );
}

export const configOption = (): Option =>
  new Option(
    '--config <file>',
    'JSON: url, token or token_file, brokers, regions, output; default: TRUNKLINE_CONFIG',
  );

const matching =
  (pattern: RegExp, allowed: string) =>
  (text: string): string => {
    if (pattern.test(text)) return text;
    throw new InvalidArgumentError(`It must be ${allowed}.`);
  };

/** @throws CliError `usage` when the environment or the file is not valid */
export function settingsOf(context: OperatorContext, flags: RestFlags): Settings {
  const named = flags.config ?? (context.env.TRUNKLINE_CONFIG || undefined);
  const { variables, tokenFile, output } = readFile(named ?? context.configFile, named !== undefined);
  const given = Object.fromEntries(
    Object.entries(context.env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const { config, lines } = readConfig(CliConfig, { ...variables, ...given });
  if (lines.length > 0) {
    throw new CliError(
      EXIT.usage,
      `the environment or the file of settings is not valid: ${lines.join('; ')}`,
    );
  }
  const url = (flags.url ?? config.url).replace(/\/+$/, '');
  const token = flags.token ?? config.token ?? tokenOf(context, url, tokenFile);
  return { url, token, output: flags.output ?? output ?? 'table', config };
}

interface FileSettings {
  readonly variables: Record<string, string>;
  readonly tokenFile?: string;
  readonly output?: OutputFormat;
}

function readFile(path: string, isWanted: boolean): FileSettings {
  if (!isWanted && !existsSync(path)) return { variables: {} };
  const text = textOf('--config', path);
  const wrong = (what: string) => new CliError(EXIT.usage, `the file of settings ${path} ${what}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw wrong(`is no JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw wrong('must be one JSON object');
  }
  const variables: Record<string, string> = {};
  const members = parsed as Record<string, unknown>;
  for (const [name, value] of Object.entries(members)) {
    const variable = FILE_MEMBERS[name];
    if (variable === undefined && !FILE_ONLY.includes(name)) {
      throw wrong(
        `has a member ${name}; known are ${[...Object.keys(FILE_MEMBERS), ...FILE_ONLY].join(', ')}`,
      );
    }
    const isList = Array.isArray(value) && value.every((each) => typeof each === 'string');
    if (typeof value !== 'string' && !(isList && variable !== undefined))
      throw wrong(`has a member ${name} that is no text`);
    if (variable !== undefined) variables[variable] = String(value);
  }
  const { token_file, output } = members as { token_file?: string; output?: string };
  if (output !== undefined && output !== 'table' && output !== 'json') throw wrong('has an unknown output');
  return {
    variables,
    ...(token_file !== undefined && { tokenFile: token_file }),
    ...(output !== undefined && { output }),
  };
}

/** The local stack's token goes to this machine alone. */
function tokenOf(
  { stackHome }: OperatorContext,
  url: string,
  tokenFile: string | undefined,
): string | undefined {
  if (tokenFile !== undefined) return tokenIn('token_file', tokenFile);
  const ofStack = join(stackHome, 'token');
  if (!LOOPBACK.test(new URL(url).hostname) || !existsSync(ofStack)) return undefined;
  return tokenIn('the token', ofStack);
}

function tokenIn(what: string, path: string): string {
  const token = textOf(what, path).trim();
  if (TOKEN_PATTERN.test(token)) return token;
  throw new CliError(EXIT.usage, `${what} ${path} holds no token: it must be one word`);
}

function textOf(what: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(EXIT.unreadable, `${what} ${path} cannot be read (${code})`);
  }
}
