import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { AGENT_KINDS, endpointSpiffeId, NAME_PATTERN, type ProgramKind, spiffeId } from '#libs/contracts';
import { ensurePki, LEAF_VALIDITY_MS, readAuthority } from '#libs/pki';
import { CliError, EXIT, exitCodeHelp, type Output } from '../exit.ts';
import { teach } from '../help.ts';

const KINDS = ['endpoint', ...AGENT_KINDS, 'central-controller'] as const;
const DAY_MS = 86_400_000;

interface IssueFlags {
  readonly dir: string;
  readonly kind: 'endpoint' | ProgramKind;
  readonly region?: string;
  readonly host: string[];
}

const HELP = `
For development and trials only: the authority's key lies beside what it signed. In production the certificates come from
your own authority, with these names, and each program is told its files:
  TRUNKLINE_TLS_CA, TRUNKLINE_TLS_CERT, TRUNKLINE_TLS_KEY   every program and every endpoint (or --ca, --cert, --key)
  TRUNKLINE_CODE_KEY                                        code.key, the same at all brokers, kept as a secret
Names (URI subject alternative name):
  spiffe://trunkline/endpoint/<id>                controllers, targets, operators
  spiffe://trunkline/<region>/<kind>/<agent_id>   brokers (with their host names), sidecars, central controllers
${exitCodeHelp([EXIT.ok, EXIT.usage, EXIT.unreadable])}
Examples:
  $ trunkline pki init --dir pki
  $ trunkline pki issue alice --dir pki
  $ trunkline pki issue broker-us-1 --dir pki --kind broker --region east --host broker-us-1.company.com
`;

/** `trunkline pki`. */
export function pkiCommand(output: Output): Command {
  const pki = new Command('pki')
    .summary('make development certificates')
    .description('Makes a certificate authority and certificates for development.');
  const init = new Command('init')
    .description(
      'Makes an authority (ca.crt, ca.key) and the key of the connection codes (code.key); what is good is kept.',
    )
    .option('--dir <folder>', 'where', 'pki')
    .action(({ dir }: { dir: string }) => write(output, dir, []));
  const issue = new Command('issue')
    .description(
      'Makes <name>.crt and <name>.key, signed by the authority of the folder; a good one of this name is kept.',
    )
    .argument('<name>', 'the id of who comes with it, 1 to 64 of A-Z a-z 0-9 . _ -')
    .option('--dir <folder>', 'where pki init was', 'pki')
    .addOption(new Option('--kind <kind>', 'what it is').choices(KINDS).default('endpoint'))
    .option('--region <region>', 'the control region of an agent or controller')
    .option('--host <name...>', 'further host names that it must hold; a broker is dialled by them', [])
    .action((name: string, flags: IssueFlags) => issueOne(output, name, flags));
  return teach(pki.addCommand(init).addCommand(issue), HELP);
}

async function issueOne(
  output: Output,
  name: string,
  { dir, kind, region, host }: IssueFlags,
): Promise<void> {
  if (!NAME_PATTERN.test(name)) {
    throw new CliError(EXIT.usage, `${name}: a name is 1 to 64 of A-Z a-z 0-9 . _ -`);
  }
  if ((kind === 'endpoint') !== (region === undefined)) {
    const what = kind === 'endpoint' ? 'an endpoint belongs to no region: leave out' : `a ${kind} needs`;
    throw new CliError(EXIT.usage, `${what} --region`);
  }
  if (!existsSync(join(dir, 'ca.key'))) {
    throw new CliError(EXIT.unreadable, `no authority in ${dir}: trunkline pki init --dir ${dir} makes one`);
  }
  readAuthority(dir);
  const uri = kind === 'endpoint' ? endpointSpiffeId(name) : spiffeId(region ?? '', kind, name);
  await write(output, dir, [{ name, uri, dnsNames: ['localhost', ...host] }]);
}

async function write(
  output: Output,
  dir: string,
  members: { name: string; uri: string; dnsNames: string[] }[],
): Promise<void> {
  const written = await ensurePki(dir, members, Date.now()).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined) throw error;
    throw new CliError(EXIT.unreadable, `${resolve(dir)} cannot be written (${error.code})`);
  });
  const names = ['ca', ...members.map(({ name }) => name), ...(members.length === 0 ? ['code'] : [])];
  for (const name of names) {
    const file = name === 'code' ? 'code.key' : `${name}.crt`;
    output.out(`${written.includes(name) ? 'made' : 'kept'}  ${join(dir, file)}\n`);
  }
  for (const { uri } of members) output.out(`${uri}, for ${LEAF_VALIDITY_MS / DAY_MS} days\n`);
}
