import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decisionEvent, linkDecision } from '../../support/decisions.ts';
import { byLength } from '../../support/length.ts';
import { waitFor } from '../../support/wait-for.ts';
import { RestWorld, WRITER } from './world.ts';

const READERS = 1_000;
/** Readers that come at once: the system refuses what a socket's backlog (511 with Node) does not hold. */
const PORTION = 250;
/** More than the system keeps for a socket (about 200 KiB) and this program for a reader (256 KiB), three times over. */
const DECISIONS = byLength(480, 2_000);
const DECISION_BYTES = 3_000;
/** What the process may grow by, whoever reads or not: much less than what all readers' bounds sum up to (250 MiB), because events are shared. */
const GROWTH_MIB = 160;
const HOOKS = fileURLToPath(new URL('../log/ts-loader.mjs', import.meta.url));
const PROGRAM = fileURLToPath(new URL('rest-process.ts', import.meta.url));

describe('a thousand readers of the live stream that never read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-live-'));
  const socketPath = join(folder, 'rest.sock');
  const sockets: Socket[] = [];
  let world: RestWorld;
  let child: ChildProcess;

  beforeAll(async () => {
    world = new RestWorld();
    const env = { ...process.env, ...(await world.environment(['rest'])), NODE_OPTIONS: '' };
    await world.claim();
    const args = ['--conditions=source', '--import', HOOKS, PROGRAM, socketPath];
    child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout?.on('data', (text: Buffer) => {
      said += text.toString();
    });
    await waitFor(() => said.includes('listening'), { what: 'the process', withinMs: 60_000 });
  }, 120_000);
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    await world.end();
  });

  /** Resident memory of the process, in MiB. */
  const residentMib = (): number =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? Number.NaN) /
    1024;

  async function metric(name: string, reason?: string): Promise<number> {
    const text = await new Promise<string>((resolve, reject) => {
      get({ socketPath, path: '/metrics', agent: false }, (response) => {
        let body = '';
        response.on('data', (part: Buffer) => {
          body += part.toString();
        });
        response.on('end', () => resolve(body));
      }).on('error', reject);
    });
    const labelled = reason === undefined ? '' : `reason="${reason}"`;
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(labelled));
    return Number(lines[0]?.split(' ').at(-1) ?? 0);
  }

  /** Asks for the stream and never looks at what comes. */
  async function neverRead(): Promise<void> {
    const socket = connect(socketPath);
    sockets.push(socket);
    socket.pause();
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    socket.write('GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n');
  }

  /** Until the number is as expected; the failure tells what it was. */
  const untilMetric = (
    expected: number,
    name: string,
    reason?: string,
    each?: () => void,
  ): Promise<unknown> =>
    waitFor(
      async () => {
        each?.();
        const value = await metric(name, reason);
        if (value !== expected) throw new Error(`${name} is ${value}, not ${expected}`);
        return true;
      },
      { what: `${name} ${reason ?? ''}`, withinMs: 90_000, everyMs: 200 },
    );

  it('are cut off with a reason, cost a bounded memory, and keep nobody else from reading', async () => {
    let text = '';
    let begun = false;
    const seen = () => (text.match(/^event: connection-activated$/gm) ?? []).length;
    const reader = request({ socketPath, path: '/api/v1/events', agent: false }, (response) => {
      begun = true;
      response.on('data', (part: Buffer) => {
        text += part.toString();
      });
    });
    reader.on('error', () => undefined);
    reader.end();
    await waitFor(() => begun && text.includes(': live'), { what: 'a reader that reads' });
    const idle = residentMib();
    for (let joined = 0; joined < READERS; joined += PORTION) {
      await Promise.all(Array.from({ length: PORTION }, neverRead));
      await untilMetric(1 + joined + PORTION, 'trunkline_live_readers');
    }
    const joined = residentMib();
    let highest = joined;
    const padding = 'x'.repeat(DECISION_BYTES);
    const topic = world.topic('controllerEvents');
    for (let version = 1; version <= DECISIONS; version += 40) {
      const events = Array.from({ length: 40 }, (_none, n) =>
        decisionEvent(topic, WRITER, linkDecision('c:a', version + n, { server_id: padding })),
      );
      await world.log.publish(events);
      highest = Math.max(highest, residentMib());
      // At the pace of the one that reads, so that it is not cut off itself.
      await waitFor(() => seen() >= version + 39, {
        what: `decision ${version + 39}, for the one that reads`,
        withinMs: 60_000,
      });
    }
    await untilMetric(READERS, 'trunkline_live_readers_ended_total', 'slow-reader', () => {
      highest = Math.max(highest, residentMib());
    });
    await waitFor(() => seen() === DECISIONS, {
      what: 'every decision, for the one that reads',
      withinMs: 60_000,
    });
    reader.destroy();
    const figures = { idle, joined, highest, after: residentMib() };
    process.stdout.write(`resident MiB, ${READERS} readers that never read: ${JSON.stringify(figures)}\n`);
    expect(highest - idle).toBeLessThan(GROWTH_MIB);
    await untilMetric(0, 'trunkline_live_readers');
    // What they would have heard, had they read on.
    const [first] = sockets;
    let heard = '';
    first?.on('data', (part: Buffer) => {
      heard += part.toString();
    });
    first?.resume();
    await waitFor(() => heard.includes('200 OK'), { what: 'the answer to one that begins to read' });
  }, 600_000);
});
