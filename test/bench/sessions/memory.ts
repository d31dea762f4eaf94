import type { TLSSocket } from 'node:tls';
import { allocateDataFrame } from '#libs/relay';
import { closeSdkSessions, openSdkSessions, type SdkSession } from '../../e2e/support/session-load.ts';
import type { Name } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { atMost, type Comparison, ratiosOf, rounded } from '../figures.ts';
import { idleConnectionKib } from '../floors/tls-idle.ts';
import { say } from '../options.ts';
import { residentKib, settledKib } from './processes.ts';
import { rawController, rawTarget } from './raw-leg.ts';
import type { SessionStage } from './stage.ts';
import { tlsIdentityOf } from './tls-files.ts';

const BROKER: Name = 'broker-us-1';
const LEGS = 2;
/** Of the sessions, those that are open before memory is compared: what a broker needs once is in there. */
const FIRST_SHARE = 0.2;
const ACTIVE_SHARE = 0.2;
const ACTIVE_EVERY_MS = 100;
const ACTIVE_BYTES = 1_024;
const AIM_IDLE_KIB = 160;
const STOPPED_READERS = 10;
const FRAME_BYTES = 32_768;
/** A sender that got rid of nothing for so long waits for its reader. */
const STALLED_MS = 2_000;
const STALL_LIMIT_MS = 60_000;
/** Of each sender, before its reader stops: more than the systems' own buffers. */
const READ_FIRST_BYTES = 20_000_000;
/** What waits for a reader (`TRUNKLINE_LEG_BUFFER_BYTES`), and what one read of the sender and an unfinished frame bring. */
const AIM_READER_KIB = 256 + 4 * 64;

/** What a session costs a broker's process: idle, with a little traffic, and with a reader that stopped. */
export async function sessionMemory(stage: SessionStage, sessions: number): Promise<Comparison> {
  // A process that has carried nothing yet.
  await stage.stack.program(BROKER).restart();
  const { pid } = stage.stack.program(BROKER);
  const brokers = [stage.broker(BROKER)];
  const meeting = { people: stage.people, controllerBrokers: brokers, targetBrokers: brokers };
  const few = Math.max(1, Math.round(sessions * FIRST_SHARE));
  const empty = await settledKib(pid);
  const opened = await openSdkSessions(few, meeting);
  const first = await settledKib(pid);
  opened.push(...(await openSdkSessions(sessions - few, meeting)));
  const all = await settledKib(pid);
  const idle = rounded((all - first) / (sessions - few));
  say(`sessions 0, ${few}, ${sessions}: ${empty}, ${first}, ${all} KiB`);
  const active = opened.slice(0, Math.max(1, Math.round(sessions * ACTIVE_SHARE)));
  const stop = chat(active);
  const busy = await settledKib(pid);
  stop();
  const resumes = opened.reduce((sum, { controller }) => sum + controller.status.resumes, 0);
  await closeSdkSessions(opened);
  const reader = await stoppedReaders(stage);
  const connection = await idleConnectionKib(stage.files('operator'), LEGS * few, LEGS * sessions);
  const measured = {
    'idle session': idle,
    'active session': rounded(idle + Math.max(0, busy - all) / active.length),
  };
  const floor = { 'idle session': rounded(LEGS * connection) };
  return {
    name: 'memory of a broker for a session, both legs',
    ...{ unit: 'KiB', measured, floor, ratios: ratiosOf(measured, floor) },
    floorIs: 'two idle mTLS connections of a plain Node server',
    aims: [
      atMost('idle session in KiB', idle, AIM_IDLE_KIB),
      atMost('waiting for a reader that stopped, KiB', reader['buffered, KiB each'], AIM_READER_KIB),
    ],
    notes: {
      'resident with 0, few and all sessions, MiB': [empty, first, all].map((kib) => rounded(kib / 1_024)),
      'sessions, few and all': [few, sessions],
      'active ones among them': active.length,
      'came back meanwhile': resumes,
      'readers that stopped': reader,
    },
  };
}

/** Each asks a little, again and again. @returns ends that */
function chat(sessions: readonly SdkSession[]): () => void {
  const message = Buffer.alloc(ACTIVE_BYTES, 7);
  // What a hang-up cuts says so.
  const streams = sessions.map(({ controller }) =>
    controller
      .connect()
      .resume()
      .on('error', () => {}),
  );
  const timer = setInterval(() => {
    for (const stream of streams) stream.write(message);
  }, ACTIVE_EVERY_MS);
  return () => {
    clearInterval(timer);
    for (const stream of streams) stream.end();
  };
}

/** Senders at full speed whose readers read at first and then not at all: what a broker keeps for them. */
async function stoppedReaders(stage: SessionStage): Promise<Record<string, number>> {
  const { pid } = stage.stack.program(BROKER);
  const broker = stage.broker(BROKER);
  const pairs: { source: TLSSocket; reader: TLSSocket }[] = [];
  for (let nth = 0; nth < STOPPED_READERS; nth += 1) {
    const { code, opened } = await rawController({ broker, tls: tlsIdentityOf(stage.files('controller')) });
    const reader = await rawTarget({ broker, tls: tlsIdentityOf(stage.files('target')) }, code);
    pairs.push({ source: await opened, reader });
  }
  for (const { reader } of pairs) reader.on('data', () => {}).resume();
  const senders = pairs.map(({ source }) => flood(source));
  // What carrying at full speed costs, garbage included, is not what a reader costs that stopped.
  await waitFor(() => senders.every(({ sent }) => sent > READ_FIRST_BYTES), {
    what: 'a broker that has carried a lot',
    withinMs: STALL_LIMIT_MS,
  });
  const before = residentKib(pid);
  for (const { reader } of pairs) reader.pause();
  await Promise.all(senders.map(untilStalled));
  const [buffered, resident] = [await bufferedBytes(stage), await settledKib(pid)];
  const still = pairs.filter(({ source, reader }) => !source.destroyed && !reader.destroyed).length;
  if (still < STOPPED_READERS) throw new Error(`${still} of ${STOPPED_READERS} sessions are still open`);
  for (const { source, reader } of pairs) for (const socket of [source, reader]) socket.destroy();
  const each = (kib: number): number => rounded(kib / STOPPED_READERS);
  return {
    readers: STOPPED_READERS,
    'buffered, KiB each': each(buffered / 1_024),
    'more resident than while they read, KiB each': each(resident - before),
  };
}

function flood(source: TLSSocket): { sent: number } {
  const frame = allocateDataFrame(FRAME_BYTES).bytes.fill(7, 4);
  const flooding = { sent: 0 };
  const fill = (): void => {
    while (!source.destroyed && !source.writableNeedDrain) {
      source.write(frame);
      flooding.sent += frame.length;
    }
  };
  source.resume().on('drain', fill);
  fill();
  return flooding;
}

async function untilStalled(flooding: { sent: number }): Promise<void> {
  let last = { sent: -1, atMs: 0 };
  await waitFor(
    () => {
      if (flooding.sent !== last.sent) last = { sent: flooding.sent, atMs: performance.now() };
      return performance.now() - last.atMs > STALLED_MS;
    },
    { what: 'a sender that waits', withinMs: STALL_LIMIT_MS },
  );
}

async function bufferedBytes({ stack }: SessionStage): Promise<number> {
  const text = await (await fetch(stack.url(BROKER, '/metrics'))).text();
  const value = /^trunkline_broker_buffered_bytes(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1];
  if (value === undefined) throw new Error('the broker does not say how much it keeps');
  return Number(value);
}
