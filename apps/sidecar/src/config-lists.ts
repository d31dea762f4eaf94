import { CONNECTION_ID_PATTERN, LIMITS, NAME_PATTERN } from '#libs/contracts';

/** A link that a client sidecar requests at its start. */
export interface LinkRequest {
  readonly connection_id: string;
  readonly server_group: string;
  readonly preferred_server?: string;
  readonly dr_client_id?: string;
  readonly link_group?: string;
  readonly policy?: string;
  readonly metadata?: Record<string, unknown>;
  /** The application port kept for it; absent: any that is free. */
  readonly port?: number;
}

/** An entry of a server sidecar's pool, as configured; files are read at start. */
export interface PoolEntryConfig {
  readonly host: string;
  readonly port: number;
  readonly max_connections: number;
  readonly source_address?: string;
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly server_name?: string;
  };
}

type Check = (value: unknown) => string | undefined;

const MAX_ENTRIES = 1_000;
const name: Check = (value) =>
  typeof value === 'string' && NAME_PATTERN.test(value) ? undefined : 'must be a name';
const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be a text');
const object: Check = (value) => (isObject(value) ? undefined : 'must be an object');
const metadata: Check = (value) =>
  object(value) ??
  (Buffer.byteLength(JSON.stringify(value)) <= LIMITS.metadataBytes
    ? undefined
    : `must have at most ${LIMITS.metadataBytes} bytes as JSON`);
const integer =
  (least: number, most: number): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `must be ${least} to ${most}`;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is wrong with TRUNKLINE_LINKS; empty: nothing. */
export function linkProblems(value: unknown, agentId: string, applicationPorts: string[]): string[] {
  const connectionId: Check = (id) =>
    typeof id === 'string' && CONNECTION_ID_PATTERN.test(id) && id.startsWith(`${agentId}:`)
      ? undefined
      : `must be ${agentId}:<name>`;
  const required = { connection_id: connectionId, server_group: name };
  const optional = {
    preferred_server: name,
    dr_client_id: name,
    link_group: name,
    policy: name,
    metadata,
    port: (port: unknown) =>
      applicationPorts.includes(String(port)) ? undefined : 'must be one of TRUNKLINE_APPLICATION_PORTS',
  };
  return [
    ...listProblems(value, required, optional),
    ...repeated(value, 'connection_id'),
    ...repeated(value, 'port'),
  ];
}

function repeated(value: unknown, member: 'connection_id' | 'port'): string[] {
  if (!Array.isArray(value)) return [];
  const given = value
    .map((entry) => (isObject(entry) ? entry[member] : undefined))
    .filter((one) => one !== undefined);
  return new Set(given).size === given.length ? [] : [`each ${member} must stand once only`];
}

/** What is wrong with TRUNKLINE_POOL; empty: nothing. */
export function poolProblems(value: unknown, isReadable: (path: unknown) => boolean): string[] {
  if (Array.isArray(value) && value.length === 0) return ['must have an entry at least'];
  const problems = listProblems(
    value,
    { host: text, port: integer(1, 65_535), max_connections: integer(1, 100_000) },
    { source_address: text, tls: object },
  );
  if (!Array.isArray(value)) return problems;
  const file: Check = (path) => (isReadable(path) ? undefined : 'must be a file that can be read');
  value.forEach((entry, index) => {
    if (!isObject(entry) || !isObject(entry.tls)) return;
    const members = { ca: file, cert: file, key: file, server_name: text };
    problems.push(...memberProblems(entry.tls, {}, members, `[${index}].tls`));
  });
  return problems;
}

function listProblems(
  value: unknown,
  required: Record<string, Check>,
  optional: Record<string, Check>,
): string[] {
  if (!Array.isArray(value)) return ['must be a JSON list'];
  if (value.length > MAX_ENTRIES) return [`must have at most ${MAX_ENTRIES} entries`];
  return value.flatMap((entry, index) =>
    isObject(entry)
      ? memberProblems(entry, required, optional, `[${index}]`)
      : [`[${index}] must be an object`],
  );
}

function memberProblems(
  entry: Record<string, unknown>,
  required: Record<string, Check>,
  optional: Record<string, Check>,
  at: string,
): string[] {
  const problems: string[] = [];
  for (const [member, check] of Object.entries(required)) {
    const problem = check(entry[member]);
    if (problem !== undefined) problems.push(`${at}.${member} ${problem}`);
  }
  for (const [member, value] of Object.entries(entry)) {
    if (member in required) continue;
    const check = optional[member];
    const problem = check === undefined ? 'is not known' : check(value);
    if (problem !== undefined) problems.push(`${at}.${member} ${problem}`);
  }
  return problems;
}
