import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { CODE_RANDOM_SYMBOLS, makeConnectionCode } from '#libs/contracts';
import type { KeyPairPem } from '#libs/pki';
import { Endpoint, type Role } from '../../integration/broker/endpoint.ts';
import { PlainKafka } from '../../support/plain-kafka.ts';
import type { Name, Stack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { trunkline } from './sessions.ts';

const STEP_MS = 60_000;

/** A list of brokers that holds these alone, dialled directly. @returns its path */
export function listOf(stack: Stack, ...names: readonly Name[]): string {
  const all: { id: string }[] = JSON.parse(readFileSync(join(stack.layout.home, 'brokers.json'), 'utf8'));
  const file = join(stack.layout.home, `brokers-${names.join('-')}.json`);
  writeFileSync(file, JSON.stringify(all.filter(({ id }) => names.some((name) => name === id))));
  return file;
}

/** A certificate that is as good as the technician's own, in another name. */
export async function issue(stack: Stack, name: string): Promise<KeyPairPem & { files: string[] }> {
  const { pki } = stack.layout;
  const run = trunkline(stack, ['pki', 'issue', name, '--dir', pki]);
  if ((await run.ended()) !== 0) throw new Error(run.output());
  const [cert, key] = [join(pki, `${name}.crt`), join(pki, `${name}.key`)];
  const pair = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  return { ...pair, files: ['--cert', cert, '--key', key] };
}

/** A client of the protocol that does as it likes. @param guest `pair` is of its own making */
export async function rawEndpoint(
  stack: Stack,
  broker: Name,
  role: Role,
  pair: KeyPairPem,
  guest = false,
): Promise<Endpoint> {
  const ca = readFileSync(join(stack.layout.pki, 'ca.crt'), 'utf8');
  const endpoint = await Endpoint.dial(stack.program(broker).port('endpoint'), { ca, pair, guest });
  endpoint.hello(role);
  await endpoint.got('welcome');
  return endpoint;
}

/** A code that nobody was given, of the right form. */
export const guessed = (): string => makeConnectionCode('E', randomBytes(CODE_RANDOM_SYMBOLS));

/** Tries a code that nobody was given. @returns the broker's refusal */
export async function guess(stack: Stack, broker: Name, pair: KeyPairPem, guest = false) {
  const endpoint = await rawEndpoint(stack, broker, 'target', pair, guest);
  endpoint.say('attach', { code: guessed(), probes: [] });
  const refused = await endpoint.got('refused');
  endpoint.socket.destroy();
  return refused;
}

/** Guesses until it is told to wait. @returns how long, in milliseconds */
export async function guessUntilSlowed(shot: () => ReturnType<typeof guess>): Promise<number> {
  const limited = await waitFor(
    async () => {
      const refused = await shot();
      return refused.reason === 'rate-limited' ? refused : undefined;
    },
    { what: 'a limit', withinMs: STEP_MS, everyMs: 0 },
  );
  return limited.retry_after_ms ?? 0;
}

/** Waits until the next attempt counts, and makes it. */
export function guessOnce(shot: () => ReturnType<typeof guess>): Promise<unknown> {
  return waitFor(async () => (await shot()).reason === 'unknown-code', {
    what: 'an attempt that counts',
    withinMs: STEP_MS,
    everyMs: 100,
  });
}

/** The refusals of targets that stand in a region's log, oldest first. */
export async function refusalsIn(
  stack: Stack,
  region: string,
): Promise<{ key: string; reason: string; identity: string; broker: string }[]> {
  const records = await new PlainKafka(stack.kafkaBrokers).readAll(`${region}.controller-events`);
  return records.flatMap(({ key, headers, value }) => {
    if (!/target-rejected/.test(String(headers?.ce_type))) return [];
    const { reason, rejected } = JSON.parse(String(value));
    const { identity, broker_id: broker } = rejected ?? {};
    return [{ key: String(key), reason, identity: String(identity), broker: String(broker) }];
  });
}

/** One TCP connection to an echo server, which has to stay the same whatever happens in between. */
export class Conversation {
  private readonly socket: Socket;
  private sent = '';
  private heard = '';
  private broken: string | undefined;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.on('data', (bytes) => {
      this.heard += String(bytes);
    });
    this.socket.on('error', (error) => {
      this.broken = String(error);
    });
    this.socket.on('close', () => {
      this.broken ??= 'closed';
    });
  }

  /** Sends without waiting for its echo. */
  say(text: string): void {
    this.sent += text;
    this.socket.write(text);
  }

  /** Until all that was said has come back, as it was said. @throws when the connection broke */
  async heardAll(): Promise<void> {
    const outcome = await waitFor(() => this.broken ?? (this.heard === this.sent ? 'all' : undefined), {
      what: `the echo of ${this.sent.length} characters (${this.heard.length} came)`,
      withinMs: STEP_MS,
    });
    if (outcome !== 'all') throw new Error(`the connection broke: ${outcome}`);
  }

  async asks(text: string): Promise<void> {
    this.say(text);
    await this.heardAll();
  }

  /** Goes on asking while something else happens. @returns how often it asked */
  async goesOnDuring(work: Promise<unknown>): Promise<number> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    // A failure is told below, when the conversation has seen its end.
    over.catch(() => {});
    let count = 0;
    for (; !isOver; count += 1) await this.asks(`${count} `);
    await over;
    return count;
  }

  close(): void {
    this.socket.destroy();
  }
}
