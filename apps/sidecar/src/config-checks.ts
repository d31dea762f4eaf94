import { accessSync, constants, readFileSync } from 'node:fs';
import { ValidateBy } from 'class-validator';
import { NAME_PATTERN, spiffeId } from '#libs/contracts';
import { identityOfPem, type PeerIdentity } from '#libs/relay';
import { linkProblems, poolProblems } from './config-lists.ts';

/** What the checks of one variable need to know of the others. */
interface Whole {
  readonly role?: unknown;
  readonly agentId?: unknown;
  readonly region?: unknown;
  readonly address?: unknown;
  readonly applicationPorts?: unknown;
}

function checked(name: string, problemsOf: (value: unknown, whole: Whole) => string[]): PropertyDecorator {
  return ValidateBy({
    name,
    validator: {
      validate: (value, args) => problemsOf(value, args?.object ?? {}).length === 0,
      defaultMessage: (args) => problemsOf(args?.value, args?.object ?? {}).join('; '),
    },
  });
}

/** A file that can be read now; a program that finds out at its first handshake found out too late. */
export const ReadableFile = (): PropertyDecorator =>
  checked('readableFile', (path) => (isReadable(path) ? [] : ['must be a file that can be read']));

/** A certificate that names another agent would be refused by every peer, so it is refused here. */
export const NamesThisAgent = (): PropertyDecorator => checked('namesThisAgent', identityProblems);

/** Where one can listen, and nobody can dial. */
const ANY_ADDRESS: ReadonlySet<unknown> = new Set(['0.0.0.0', '::']);

/** Peers are told where to dial: the address they are given, or else where it listens. */
export const Dialable = (): PropertyDecorator =>
  checked('dialable', (host, { address }) =>
    address === undefined && ANY_ADDRESS.has(host)
      ? ['nobody can dial this, so TRUNKLINE_ADDRESS must be set']
      : [],
  );

export const Links = (): PropertyDecorator =>
  checked('links', (value, { agentId, applicationPorts }) =>
    linkProblems(value, String(agentId), Array.isArray(applicationPorts) ? applicationPorts : []),
  );

export const Pool = (): PropertyDecorator => checked('pool', (value) => poolProblems(value, isReadable));

export const Distinct = (): PropertyDecorator =>
  checked('distinct', (value) =>
    Array.isArray(value) && new Set(value).size < value.length ? ['must name each only once'] : [],
  );

function identityProblems(path: unknown, { role, agentId, region }: Whole): string[] {
  if (typeof path !== 'string' || !isReadable(path)) return [];
  const named = identityOf(path);
  if (named === undefined) return ['must be a certificate that names one agent'];
  // Who the agent is has a line of its own when it is wrong; then there is nothing to compare with.
  if (role !== 'client' && role !== 'server') return [];
  if (!isName(agentId) || !isName(region)) return [];
  const name = `spiffe://trunkline/${named.region}/${named.kind}/${named.id}`;
  const expected = spiffeId(region, `${role}-sidecar`, agentId);
  return name === expected ? [] : [`names ${name}; it must name ${expected}`];
}

function identityOf(path: string): PeerIdentity | undefined {
  try {
    return identityOfPem(readFileSync(path));
  } catch {
    return undefined;
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value);
}

function isReadable(path: unknown): boolean {
  if (typeof path !== 'string') return false;
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
