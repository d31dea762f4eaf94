import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { ROOT } from '../../../deploy/local/paths.mjs';
import { launch, logFile } from '../../../deploy/local/processes.mjs';
import { getJson } from '../../support/http.ts';
import { freePort } from '../../support/servers.mjs';
import { type Name, type Stack, type StackOptions, startStack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';

export const BROKERS = ['broker-us-1', 'broker-us-2', 'broker-in-3', 'broker-in-4'] as const;
export const HOME = 'central-controller-east';
/** What a machine that is busy with other tests needs for one step of a flow. */
const STEP_MS = 60_000;

/** A line of `trunkline --json`. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into events of every kind
export type CliEvent = { readonly event: string } & Record<string, any>;

/** One run of the command line, as a process of its own. */
export interface CliRun {
  readonly pid: number;
  /** Its exit code, or the signal that ended it; undefined: it runs. */
  readonly result: number | NodeJS.Signals | undefined;
  events(name?: string): CliEvent[];
  /** Waits for the n-th event of this name, from 1. */
  until(name: string, nth?: number): Promise<CliEvent>;
  /** All that it printed, on both outputs. */
  output(): string;
  signal(kind: NodeJS.Signals): void;
  /** Waits for its end. @returns its exit code, or the signal that ended it */
  ended(): Promise<number | NodeJS.Signals>;
}

/** The programs that sessions need of the local stack: both controllers, four brokers, both WAN simulators. */
export function startSessionStack(
  options: Pick<StackOptions, 'env' | 'envOfAll' | 'own'> = {},
): Promise<Stack> {
  const programs: Name[] = [HOME, 'central-controller-west', ...BROKERS, 'wan-india', 'wan-usa'];
  return startStack({ programs, ...options });
}

let runs = 0;

/** Of a process of the command line and its log. */
export function nameRun(what = ''): string {
  runs += 1;
  return `cli-${what}-${runs}`;
}

/** Starts `trunkline`; it ends with the stack, whatever becomes of the test. */
export function trunkline(stack: Stack, args: readonly string[], env: Record<string, string> = {}): CliRun {
  const name = nameRun(args[0]);
  const child = launch(stack.layout, {
    name,
    command: process.execPath,
    args: [join(ROOT, 'bin/trunkline.mjs'), ...args],
    env: { PATH: process.env.PATH ?? '', HOME: join(stack.layout.home, 'person'), ...env },
  });
  return followRun(stack, name, child);
}

/** What a process of the command line says in its log, and how it ends. */
export function followRun(stack: Stack, name: string, child: ChildProcess): CliRun {
  let result: number | NodeJS.Signals | undefined;
  child.on('exit', (code, signal) => {
    result = code ?? signal ?? 1;
  });
  const output = (): string => readFileSync(logFile(stack.layout, name), 'utf8');
  const events = (wanted?: string): CliEvent[] =>
    output()
      .split(/\r?\n/)
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as CliEvent)
      .filter(({ event }) => wanted === undefined || event === wanted);
  return {
    pid: child.pid ?? 0,
    get result() {
      return result;
    },
    events,
    output,
    async until(wanted, nth = 1) {
      const look = (): CliEvent | true | undefined =>
        events(wanted)[nth - 1] ?? (result !== undefined || undefined);
      const seen = await waitFor(look, {
        what: `${wanted} of ${name}`,
        withinMs: STEP_MS,
        everyMs: 50,
      }).catch((error: Error) => {
        throw new Error(`${error.message}; it said:\n${output()}`);
      });
      if (seen === true) throw new Error(`${name} ended with ${result} and said:\n${output()}`);
      return seen;
    },
    signal: (kind) => void child.kill(kind),
    ended: () =>
      waitFor(() => (result === undefined ? undefined : { result }), {
        what: `the end of ${name}`,
        withinMs: STEP_MS,
      }).then((end) => end.result),
  };
}

/** Flags of one of the people of the local stack, seen from a place. */
export function flagsOf(stack: Stack, who: 'controller' | 'target', place: '' | '-india' | '-usa'): string[] {
  const { home, pki } = stack.layout;
  return [
    ...['--brokers', join(home, `brokers${place}.json`), '--ca', join(pki, 'ca.crt')],
    ...['--cert', join(pki, `${who}.crt`), '--key', join(pki, `${who}.key`), '--json'],
  ];
}

export interface OpenSession {
  readonly controller: CliRun;
  readonly target: CliRun;
  readonly id: string;
  /** Where the controller listens. */
  readonly port: number;
  /** Of the broker that carries it. */
  readonly brokerId: string;
}

/** A controller in the USA that has a code and waits. */
export async function startController(
  stack: Stack,
): Promise<{ run: CliRun; code: string; id: string; port: number }> {
  const port = await freePort();
  const run = trunkline(stack, [
    ...['controller', '--listen', `127.0.0.1:${port}`],
    ...flagsOf(stack, 'controller', '-usa'),
  ]);
  const { code, connection_id: id } = await run.until('code');
  return { run, code, id, port };
}

/** A session from the USA to India that is open; its streams go to this port. */
export async function openSession(
  stack: Stack,
  forwardPort: number,
  flags?: readonly string[],
): Promise<OpenSession> {
  const { run: controller, code, id, port } = await startController(stack);
  const target = trunkline(stack, [
    ...['target', code, '--forward', `127.0.0.1:${forwardPort}`, '--yes'],
    ...(flags ?? flagsOf(stack, 'target', '-india')),
  ]);
  const { broker_id: brokerId } = await target.until('open');
  await controller.until('open');
  return { controller, target, id, port, brokerId };
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into rows of every phase
export async function sessionRow(stack: Stack, id: string): Promise<any> {
  const answer = await getJson(stack.url(HOME, `/api/v1/connections/${id}`));
  if (answer.status !== 200) throw new Error(`${id}: ${answer.status}`);
  return answer.body;
}

/** The session's decisions, oldest first. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into decisions of every type
export async function sessionEvents(stack: Stack, id: string): Promise<{ type: string; data: any }[]> {
  const answer = await getJson(stack.url(HOME, `/api/v1/connections/${id}/events?limit=500`));
  return answer.body.items;
}

/** Waits until the registry shows so many decisions for these reasons: an end may know of one before the registry does. */
export function untilDecided(stack: Stack, id: string, reasons: readonly string[]) {
  const look = async () => {
    const events = await sessionEvents(stack, id);
    const found = reasons.map((wanted) =>
      events.find(({ type, data }) => `${type} ${data.reason}` === wanted),
    );
    return found.every((event) => event !== undefined) && found.map((event) => event?.data);
  };
  return waitFor(look, { what: `${id}: ${reasons.join(', ')}`, withinMs: STEP_MS });
}

/** Waits until the registry shows the session in this phase, at this epoch or a later one. */
export function untilPhase(stack: Stack, id: string, phase: string, fromEpoch = 0) {
  const look = async () => {
    const row = await sessionRow(stack, id);
    return row.phase === phase && row.epoch >= fromEpoch ? row : undefined;
  };
  return waitFor(look, { what: `${id} ${phase} from epoch ${fromEpoch}`, withinMs: STEP_MS });
}

/** A server on loopback that sends back whatever comes. */
export async function startEcho(): Promise<{ port: number; close: () => void }> {
  const port = await freePort();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return { port, close: () => server.close() };
}

/** One question and its answer over a connection of its own. */
export function askOnce(port: number, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = '';
    socket.on('data', (bytes) => {
      answer += String(bytes);
      if (answer.length >= question.length) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.write(question);
  });
}

/** Hangs up at the target and waits until the registry shows it. */
export async function hangUp(
  stack: Stack,
  { target, controller, id }: Pick<OpenSession, 'target' | 'controller' | 'id'>,
) {
  target.signal('SIGINT');
  const codes = [await target.ended(), await controller.ended()];
  if (codes.some((code) => code !== 0))
    throw new Error(`ended with ${codes}:\n${target.output()}\n${controller.output()}`);
  return untilPhase(stack, id, 'ended');
}

/** Starts every broker again that a test ended. */
export async function reviveBrokers(stack: Stack): Promise<void> {
  for (const name of BROKERS) {
    const broker = stack.program(name);
    if (!broker.alive()) await broker.start();
  }
}
