import { accessSync, constants, readFileSync } from 'node:fs';
import { ValidateBy, ValidateIf } from 'class-validator';
import { type AgentKind, NAME_PATTERN, spiffeId } from '#libs/contracts';
import { identityOfPem, type PeerIdentity } from '#libs/relay';

/** What the checks of one variable may need to know of the others. */
export interface Whole {
  readonly [property: string]: unknown;
}

/** A check of one variable that tells everything that is wrong with it. */
export function checked(
  name: string,
  problemsOf: (value: unknown, whole: Whole) => string[],
): PropertyDecorator {
  return ValidateBy({
    name,
    validator: {
      validate: (value, args) => problemsOf(value, (args?.object ?? {}) as Whole).length === 0,
      defaultMessage: (args) => problemsOf(args?.value, (args?.object ?? {}) as Whole).join('; '),
    },
  });
}

/** Absent is fine, whatever else is asked of it. */
export const whenSet = (): PropertyDecorator => ValidateIf((_config, value) => value !== undefined);

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

export const Distinct = (): PropertyDecorator =>
  checked('distinct', (value) =>
    Array.isArray(value) && new Set(value).size < value.length ? ['must name each only once'] : [],
  );

/** Whether the path is a file that this process may read. */
export function isReadable(path: unknown): path is string {
  if (typeof path !== 'string') return false;
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function identityProblems(path: unknown, { kind, agentId, region }: Whole): string[] {
  if (!isReadable(path)) return [];
  const named = identityOf(path);
  if (named === undefined) return ['must be a certificate that names one agent'];
  // Who the agent is has a line of its own when it is wrong; then there is nothing to compare with.
  if (kind === undefined || !isName(agentId) || !isName(region)) return [];
  const name = `spiffe://trunkline/${named.region}/${named.kind}/${named.id}`;
  const expected = spiffeId(region, kind as AgentKind, agentId);
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
