import { join } from 'node:path';
import { PORTS, regional } from '../../../deploy/local/programs.mjs';
import { getJson, postJson, readNdjson } from '../../support/http.ts';
import {
  type Handle,
  type Name,
  type Stack,
  type StackOptions,
  startStack,
  type Variables,
} from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { shortName } from './evidence.ts';

/** The link that client-sidecar-1 asks for. */
export const LINK = 'bank-client-1:primary';
export const SERVER_SIDECARS = ['server-sidecar-1', 'server-sidecar-2', 'server-sidecar-3'] as const;
const ISO_SERVERS = ['iso-server-1', 'iso-server-1b', 'iso-server-2', 'iso-server-3'] as const;
const ISO_CLIENTS = ['iso-client-1', 'iso-client-dr'] as const;
export const CONTROLLER = 'central-controller-east';
/** All that links need: the local stack without what is there for sessions alone. */
const PROGRAMS = (Object.keys(PORTS) as Name[]).filter((name) => !/^(kafka|redis|broker|wan)\b/.test(name));
/** What the client sends throughout, a second. */
const PURCHASES_PER_SECOND = 50;
/** A purchase without a response is reversed after so long, in milliseconds. */
const APPLICATION_TIMEOUT_MS = 3_000;

/** A REST row of a connection. */
export interface Row {
  readonly connection_id: string;
  readonly client_id: string;
  readonly server_id?: string;
  readonly failover_target?: string;
  readonly status: string;
  readonly phase: string;
  readonly epoch: number;
  readonly version: number;
}

/** A decision as `GET /connections/{id}/events` gives it. */
export interface Event {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into decisions of every type
  readonly data: any;
}

export interface SpineOptions extends StackOptions {
  /** The scheme's controller decides for the bank's region too, in place of its own. */
  readonly twoForTheBank?: boolean;
  /** Variables on top that need to know the stack's ports. */
  readonly envWith?: (stack: Stack) => Promise<Partial<Record<Name, Variables>>>;
}

/** The local stack as far as links need it, under a steady load, its demo link active. */
export async function startSpine({ twoForTheBank, envWith, ...options }: SpineOptions = {}): Promise<Stack> {
  const stack = await startStack({
    programs: PROGRAMS,
    ...options,
    start: false,
    env: {
      ...options.env,
      'iso-client-1': {
        TRUNKLINE_SIMULATOR_RATE: String(PURCHASES_PER_SECOND),
        TRUNKLINE_SIMULATOR_TIMEOUT_MS: String(APPLICATION_TIMEOUT_MS),
        ...options.env?.['iso-client-1'],
      },
    },
  });
  const bank: Partial<Record<Name, Variables>> = twoForTheBank
    ? { 'central-controller-west': regional(stack.site, 'bank') }
    : {};
  try {
    const late = { ...bank, ...(await envWith?.(stack)) };
    await Promise.all((options.programs ?? PROGRAMS).map((name) => stack.program(name).start(late[name])));
    await untilActive(stack);
    await untilApproved(stack, 50);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  return stack;
}

export async function rowOf(stack: Stack, id = LINK, controller: Name = CONTROLLER): Promise<Row> {
  const answer = await getJson(stack.url(controller, `/api/v1/connections/${encodeURIComponent(id)}`));
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** The link is active, at this epoch or a later one. */
export function untilActive(stack: Stack, fromEpoch = 1, withinMs = 30_000): Promise<Row> {
  return waitFor(
    async () => {
      const row = await rowOf(stack);
      return row.phase === 'active' && row.epoch >= fromEpoch ? row : undefined;
    },
    { what: `${LINK} active at epoch ${fromEpoch}`, withinMs },
  );
}

export function untilPhase(stack: Stack, phase: string, withinMs = 30_000): Promise<Row> {
  return waitFor(
    async () => {
      const row = await rowOf(stack);
      return row.phase === phase ? row : undefined;
    },
    { what: `${LINK} ${phase}`, withinMs },
  );
}

/** Every decision on the connection, oldest first. */
export async function eventsOf(stack: Stack, id = LINK): Promise<Event[]> {
  const events: Event[] = [];
  let cursor = '';
  do {
    const path = `/api/v1/connections/${encodeURIComponent(id)}/events?limit=500${cursor}`;
    const answer = await getJson(stack.url(CONTROLLER, path));
    if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
    events.push(...answer.body.items);
    cursor = answer.body.next_cursor ? `&cursor=${encodeURIComponent(answer.body.next_cursor)}` : '';
  } while (cursor !== '');
  return events;
}

/** Short names of the decisions from a version on. */
export async function decisionsSince(stack: Stack, version: number, id = LINK): Promise<string[]> {
  const events = await eventsOf(stack, id);
  return events.filter(({ data }) => data.version > version).map(({ type }) => shortName(type));
}

/** The sidecar whose agent carries the link now. */
export function sidecarOf(stack: Stack, row: Row): Handle {
  return stack.program(sidecarName(row));
}

export function sidecarName(row: Pick<Row, 'server_id'>): Name {
  return (row.server_id ?? '').replace('scheme-server-', 'server-sidecar-') as Name;
}

/** The application pods behind a server sidecar. */
export function applicationsOf(sidecar: Name): Name[] {
  if (sidecar === 'server-sidecar-1') return ['iso-server-1', 'iso-server-1b'];
  return [sidecar.replace('server-sidecar-', 'iso-server-') as Name];
}

export async function controlOf(stack: Stack, name: Name) {
  return (await getJson(stack.url(name, '/control'))).body;
}

/** Waits until so many more purchases of a client were approved. */
export async function untilApproved(
  stack: Stack,
  more: number,
  withinMs = 20_000,
  client: Name = 'iso-client-1',
): Promise<void> {
  const before = (await controlOf(stack, client)).approved;
  await waitFor(async () => (await controlOf(stack, client)).approved >= before + more, {
    what: `${more} more purchases of ${client} approved`,
    withinMs,
  });
}

/** Asks for a move as an operator does. */
export async function askFailover(stack: Stack, body: object, id = LINK): Promise<void> {
  const path = `/api/v1/connections/${encodeURIComponent(id)}/failover`;
  const answer = await postJson(stack.url(CONTROLLER, path), body, stack.token);
  if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
}

export interface Reconciliation {
  readonly sent: number;
  readonly approved: number;
  readonly reversed: number;
}

/** Ends the load, waits until every purchase has its end, and compares both sides to the message. */
export async function reconcile(stack: Stack): Promise<Reconciliation> {
  const loaded: { name: Name; connection_id: string; epoch: number }[] = [];
  for (const name of amongst(stack, ISO_CLIENTS)) {
    const { active, connection_id, epoch } = await controlOf(stack, name);
    if (active && connection_id !== undefined) loaded.push({ name, connection_id, epoch });
  }
  const command = (word: string) =>
    Promise.all(
      loaded.map(({ name, ...link }) => postJson(stack.url(name, '/control'), { command: word, ...link })),
    );
  await command('drain');
  try {
    for (const { name } of loaded) {
      await waitFor(async () => (await controlOf(stack, name)).open === 0, {
        what: `an end of every purchase of ${name}`,
        withinMs: 30_000,
      });
    }
    const problems = disagreements(stack);
    if (problems.length > 0) throw new Error(`the sides disagree:\n${problems.slice(0, 10).join('\n')}`);
    return await tallies(stack);
  } finally {
    await command('activate');
  }
}

/** The applications' own tallies agree as well, to the message; a server that was killed tells none. */
async function tallies(stack: Stack): Promise<Reconciliation> {
  const clients = await Promise.all(amongst(stack, ISO_CLIENTS).map((name) => controlOf(stack, name)));
  for (const { sent, approved, reversed } of clients) {
    if (sent !== approved + reversed)
      throw new Error(`${sent} sent, ${approved} approved, ${reversed} reversed`);
  }
  for (const name of amongst(stack, ISO_SERVERS).filter((each) => stack.program(each).alive())) {
    const server = await controlOf(stack, name);
    const told = clients.reduce((sum, { by_server }) => sum + (by_server[name] ?? 0), 0);
    if (server.duplicated > 0 || told > server.approved) {
      throw new Error(`${name}: ${server.approved} approved, ${told} told, ${server.duplicated} duplicated`);
    }
  }
  const { sent, approved, reversed } = clients[0];
  return { sent, approved, reversed };
}

/** Compares what the client wrote of each reference number with what the servers wrote. */
function disagreements(stack: Stack): string[] {
  const atServers = new Map<string, { server: string; fate: string }[]>();
  for (const name of ISO_SERVERS) {
    for (const { rrn, fate } of fatesOf(stack, name)) {
      atServers.set(rrn, [...(atServers.get(rrn) ?? []), { server: name, fate }]);
    }
  }
  const fates = new Map<string, Set<string>>();
  for (const name of ISO_CLIENTS) {
    for (const { rrn, fate } of fatesOf(stack, name)) fates.set(rrn, (fates.get(rrn) ?? new Set()).add(fate));
  }
  const problems: string[] = [];
  for (const [rrn, mine] of fates) {
    const theirs = atServers.get(rrn) ?? [];
    const purchases = theirs.filter(({ fate }) => fate === 'approved' || fate === 'swallowed');
    if (theirs.some(({ fate }) => fate === 'duplicated') || purchases.length > 1) {
      problems.push(`${rrn}: its purchase reached servers twice: ${JSON.stringify(theirs)}`);
    }
    const reversedThere = theirs.some(({ fate }) => fate === 'reversed');
    if (mine.has('approved')) {
      if (!purchases.some(({ fate }) => fate === 'approved') || reversedThere) {
        problems.push(`${rrn}: approved for the client, at the servers ${JSON.stringify(theirs)}`);
      }
    } else if (!(mine.has('timed_out') && mine.has('reversed') && reversedThere)) {
      problems.push(
        `${rrn}: ${[...mine].join(', ')} for the client, at the servers ${JSON.stringify(theirs)}`,
      );
    }
  }
  for (const rrn of atServers.keys()) if (!fates.has(rrn)) problems.push(`${rrn}: the client never sent it`);
  return problems;
}

/** Those of the programs that this stack has. */
function amongst(stack: Stack, names: readonly Name[]): Name[] {
  return names.filter((name) => stack.names.includes(name));
}

function fatesOf(stack: Stack, name: Name): { rrn: string; mti: string; fate: string }[] {
  return readNdjson(join(stack.layout.data, `${name}.ndjson`));
}
