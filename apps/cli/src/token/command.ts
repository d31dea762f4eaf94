import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEVELOPMENT_ISSUER, ISSUER_FILES } from '#libs/pki';
import { CliError, EXIT, exitCodeHelp, type Output } from '../exit.ts';
import { signToken } from './sign.ts';

const ROLES = ['viewer', 'operator', 'publisher'] as const;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** A development token that is found later is of no use then. */
const LIFE_MAX_MS = 30 * 86_400_000;
const SUBJECT = /^[\x21-\x7e]{1,128}$/;

interface TokenFlags {
  readonly role: (typeof ROLES)[number][];
  readonly subject: string;
  readonly expires: number;
  readonly key?: string;
  readonly issuer: string;
  readonly audience: string;
}

const HELP = `
For the local stack, and for development: the key lies in the clone. In production tokens come from your own identity
provider, and controllers are told its key set (TRUNKLINE_JWKS); docs/rest.md says how.
Roles:
  viewer      reads
  operator    reads, and asks for changes: failover, drain, approve, freeze, policies
  publisher   sends facts and health reports to POST /events
${exitCodeHelp([EXIT.ok, EXIT.usage, EXIT.unreadable])}
Examples:
  $ trunkline token --role operator
  $ export TRUNKLINE_TOKEN=$(trunkline token --role operator --subject alice --expires 8h)
  $ curl -H "authorization: Bearer $(trunkline token --role viewer)" http://127.0.0.1:8080/api/v1/status
`;

/** `trunkline token`. */
export function tokenCommand({
  output,
  stackHome,
  nowMs,
}: {
  readonly output: Output;
  /** Folder of the clone's local stack. */
  readonly stackHome: string;
  readonly nowMs: () => number;
}): Command {
  return new Command('token')
    .summary('sign a development token for the REST interface')
    .description("Signs a bearer token with the local stack's key, and prints it.")
    .addOption(
      new Option('--role <role...>', 'what it allows; may be given more than once')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--subject <name>', 'who it is; stands in the log with each change')
        .argParser(toSubject)
        .default(ownName()),
    )
    .addOption(
      new Option('--expires <time>', 'good for so long: 90s, 30m, 8h, 7d; at most 30d')
        .argParser(toLifeMs)
        .default(8 * 3_600_000, '8h'),
    )
    .option('--key <file>', "private key to sign with (PEM, P-256); default: the local stack's")
    .option('--issuer <iss>', 'as TRUNKLINE_JWT_ISSUER of the controller', DEVELOPMENT_ISSUER)
    .option('--audience <aud>', 'as TRUNKLINE_JWT_AUDIENCE of the controller', 'trunkline')
    .addHelpText('after', HELP)
    .action(async ({ role, expires, key, ...claims }: TokenFlags) => {
      const file = key ?? join(stackHome, 'pki', ISSUER_FILES.key);
      const signed = signToken(readKey(file, key !== undefined), {
        ...claims,
        roles: [...new Set(role)],
        nowMs: nowMs(),
        lifeMs: expires,
      });
      const token = await signed.catch(() => {
        throw new CliError(EXIT.unreadable, `${file} is no private key for ES256 (PEM, PKCS #8, P-256)`);
      });
      output.out(`${token}\n`);
    });
}

function readKey(file: string, isNamed: boolean): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const hint = isNamed ? 'see that it is there' : 'npm start makes it, --key names another';
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(EXIT.unreadable, `the key ${file} cannot be read (${code}): ${hint}`);
  }
}

/** A container's user may have no name. */
function ownName(): string {
  try {
    return toSubject(userInfo().username);
  } catch {
    return 'somebody';
  }
}

function toSubject(text: string): string {
  if (SUBJECT.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 128 characters without a space.');
}

function toLifeMs(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,6})([smhd])$/.exec(text) ?? [];
  const lifeMs = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (lifeMs <= LIFE_MAX_MS) return lifeMs;
  throw new InvalidArgumentError('It must be a time like 90s, 30m, 8h or 7d, of at most 30d.');
}
