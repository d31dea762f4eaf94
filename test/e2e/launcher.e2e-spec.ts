import { appendFileSync, existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '../../deploy/local/paths.mjs';
import { isFree } from '../../deploy/local/preflight.mjs';
import { isAlive, type Record as ProcessRecord, recordsOf } from '../../deploy/local/processes.mjs';
import { PORTS } from '../../deploy/local/programs.mjs';
import { freeOffset, freshClone, type Running, removeClone, runIn } from '../support/clone.ts';
import { getJson } from '../support/http.ts';
import { itLong } from '../support/length.ts';
import { tourOf } from '../support/readme.ts';
import { startServers } from '../support/servers.mjs';
import { waitFor } from '../support/wait-for.ts';
import { expectDocumentedMetrics } from './support/scrapes.ts';

/** With everything to be fetched and installed first. */
const FIRST_START_MS = 600_000;
/** When everything is there; a machine that is busy with other things is slow. */
const START_PATIENCE_MS = 150_000;
const STOP_PATIENCE_MS = 60_000;
const LINK = 'bank-client-1:primary';
/** A kill, a drain, to the DR client and back. */
const MOVES_OF_THE_TOUR = 4;

/** The life of one local stack in a fresh clone; each step goes on from the one before. */
describe('the local stack in a fresh clone', () => {
  const clone = freshClone();
  const layout = layoutOf(join(clone, '.trunkline'));
  let offset: number;
  let launcher: Running;
  const startsMs: number[] = [];
  const stopsMs: number[] = [];

  beforeAll(async () => {
    offset = await freeOffset();
  });
  afterAll(async () => {
    // Promised are 40 s and 10 s on two cores; what a busy machine takes is no failure.
    console.log(`starts with everything there: ${startsMs.join(', ')} ms; ends: ${stopsMs.join(', ')} ms`);
    await removeClone(clone);
  });

  const env = () => ({ TRUNKLINE_PORT_OFFSET: String(offset) });
  const npm = (...args: string[]) => runIn(clone, ['npm', ...args], env());
  const api = (path: string) => `http://127.0.0.1:${PORTS['central-controller-east'].http + offset}${path}`;
  const link = async () => (await getJson(api(`/api/v1/connections/${LINK}`))).body;
  const running = (name: string) => recordsOf(layout).find((record) => record.name === name);
  const alive = () => recordsOf(layout).filter(isAlive);

  /** Starts once more, with everything there, and notes how long that took. */
  async function startAgain(...flags: string[]): Promise<void> {
    const startedMs = performance.now();
    launcher = npm('start', ...flags);
    await launcher.says(/Trunkline is ready/, START_PATIENCE_MS);
    startsMs.push(Math.round(performance.now() - startedMs));
  }

  async function untilActive(): Promise<void> {
    await waitFor(async () => (await link()).status === 'active', {
      what: 'an active link',
    });
  }

  /** Ctrl-C at a terminal is a signal to the whole foreground process group; SIGTERM goes to npm alone. */
  async function stopBy(kind: 'SIGINT' | 'SIGTERM'): Promise<void> {
    const before = alive();
    const startedMs = performance.now();
    const npm = launcher.child.pid ?? 0;
    process.kill(kind === 'SIGINT' ? -npm : npm, kind);
    await launcher.ended(STOP_PATIENCE_MS);
    stopsMs.push(Math.round(performance.now() - startedMs));
    await expectNothingLeft(before);
  }

  async function expectNothingLeft(before: readonly ProcessRecord[]): Promise<void> {
    expect(before.length).toBeGreaterThan(10);
    expect(before.filter(isAlive)).toEqual([]);
    expect(recordsOf(layout)).toEqual([]);
    const ports = Object.values(PORTS).flatMap((purposes) => Object.values(purposes) as number[]);
    // Threads of a process that is dead may hold its sockets for a moment longer.
    await waitFor(
      async () => {
        const free = await Promise.all(ports.map((port) => isFree(port + offset)));
        return ports.every((_, i) => free[i]);
      },
      { what: 'every port to be free', withinMs: 10_000 },
    );
  }

  it(
    'starts by one command that installs, builds and fetches what it needs',
    async () => {
      launcher = npm('start');
      await launcher.says(/Trunkline is ready/, FIRST_START_MS);
      expect((await getJson(api('/health/ready'))).status).toBe(200);
      expect(
        alive()
          .map(({ name }) => name)
          .sort(),
      ).toEqual(Object.keys(PORTS).sort());
      for (const { name, pid } of alive()) {
        expect(Number(readFileSync(join(layout.run, `${name}.pid`), 'utf8'))).toBe(pid);
        expect(existsSync(join(layout.log, `${name}.log`))).toBe(true);
      }
      for (const secret of [
        'token',
        'pki/ca.key',
        'pki/bank-client-1.key',
        'pki/code.key',
        'pki/issuer.key',
      ]) {
        expect(statSync(join(layout.home, secret)).mode & 0o077).toBe(0);
      }
      await untilActive();
    },
    FIRST_START_MS + 60_000,
  );

  it('takes less than 3 GiB in all', () => {
    const bytes = alive().map(({ pid }) => {
      const status = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      return Number(/^Pss:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
    });
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(3 * 1024 ** 3);
  });

  it('has the command line at hand', async () => {
    const help = runIn(clone, ['npx', 'trunkline', '--help']);
    expect([await help.ended(90_000), help.output()]).toEqual([0, expect.stringMatching(/Usage: trunkline/)]);
    const version = runIn(clone, ['npx', 'trunkline', '--version']);
    expect(await version.ended(90_000)).toBe(0);
    expect(version.output()).toMatch(/^\d+\.\d+\.\d+$/m);
  }, 300_000);

  it('does what the tour of the README says', async () => {
    const before = await link();
    const tour = runIn(clone, ['bash', '-c', tourOf(clone, offset)], env());
    const code = await tour.ended(250_000);
    expect([code, code === 0 ? '' : tour.output()]).toEqual([0, '']);
    expect(tour.output()).toMatch(/the link is on scheme-server-\d/);
    expect(tour.output()).toMatch(/failover-decided/);
    expect(tour.output()).toMatch(/server-sidecar-\d runs \(pid \d+\)/);
    expect(tour.output()).toMatch(/"client_id":"bank-client-dr"/);
    expect(tour.output()).toMatch(/^Read .*\d requests\.$/m);
    expect(tour.output()).toMatch(/All \d+ invariants hold/);
    const after = await waitFor(
      async () => {
        const now = await link();
        return (
          now.status === 'active' && Number(now.epoch) >= Number(before.epoch) + MOVES_OF_THE_TOUR && now
        );
      },
      { what: 'the link back with its first client' },
    );
    expect(after.client_id).toBe('bank-client-1');
  }, 300_000);

  it('tells the metrics that are documented, which the dashboard and the alerts ask for', async () => {
    const told = Object.entries(PORTS).flatMap(([name, purposes]) => {
      const { http, admin } = purposes as { readonly http?: number; readonly admin?: number };
      const port = http ?? admin;
      return port === undefined ? [] : [[name, `http://127.0.0.1:${port + offset}/metrics`] as const];
    });
    await expectDocumentedMetrics(new Map(told));
  });

  itLong(
    'is not disturbed by a build, which the next start of a program takes up',
    async () => {
      const before = alive();
      const built = readlinkSync(join(clone, 'dist'));
      appendFileSync(join(clone, 'apps/iso8583-simulator/src/main.ts'), '\n// changed\n');
      expect(await npm('run', 'build').ended(120_000)).toBe(0);
      expect(readlinkSync(join(clone, 'dist'))).not.toBe(built);
      expect(existsSync(join(clone, built, 'apps/iso8583-simulator/src/main.js'))).toBe(true);
      expect(before.filter(isAlive)).toHaveLength(before.length);
      process.kill(running('iso-client-dr')?.pid ?? 0, 'SIGKILL');
      expect(await npm('run', 'up', '--', 'iso-client-dr').ended(90_000)).toBe(0);
      const pid = running('iso-client-dr')?.pid;
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain(readlinkSync(join(clone, 'dist')));
    },
    300_000,
  );

  it('says that a program died, leaves it dead, and starts it again when told to', async () => {
    const victim = running('iso-server-3');
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    await launcher.says(/iso-server-3 died; .*npm run up -- iso-server-3/, 30_000);
    const up = npm('run', 'up', '--', 'iso-server-3');
    expect([await up.ended(90_000), up.output()]).toEqual([
      0,
      expect.stringMatching(/iso-server-3 runs \(pid/),
    ]);
    await launcher.says(/iso-server-3 runs again/, 30_000);
    const again = npm('run', 'up', '--', 'iso-server-3');
    expect(await again.ended(90_000)).toBe(1);
    expect(again.output()).toMatch(/iso-server-3 runs already \(pid \d+\)/);
  }, 300_000);

  itLong(
    'does the same with Kafka and Redis',
    async () => {
      for (const name of ['kafka', 'redis']) {
        process.kill(running(name)?.pid ?? 0, 'SIGKILL');
        await launcher.says(new RegExp(`${name} died`), 30_000);
        const up = npm('run', 'up', '--', name);
        expect([await up.ended(120_000), up.output()]).toEqual([0, expect.stringMatching(/ runs \(pid/)]);
      }
      await untilActive();
    },
    300_000,
  );

  it('refuses a second launcher of the same clone', async () => {
    const second = npm('start');
    expect(await second.ended(90_000)).toBe(1);
    expect(second.output()).toMatch(/trunkline: this stack runs already \(pid \d+\)/);
    expect(alive()).toHaveLength(Object.keys(PORTS).length);
  }, 300_000);

  it('after a kill -9 of the launcher clears what it left and goes on with its data', async () => {
    const before = await link();
    const left = alive();
    const owner = JSON.parse(readFileSync(join(layout.run, 'launcher.lock'), 'utf8'));
    process.kill(owner.pid, 'SIGKILL');
    await launcher.ended(30_000);
    expect(left.filter(isAlive)).toHaveLength(left.length);
    await startAgain();
    expect(launcher.output()).toMatch(/ending what an earlier start left: .*kafka/);
    expect(left.filter(isAlive)).toEqual([]);
    await untilActive();
    const events = (await getJson(api(`/api/v1/connections/${LINK}/events?limit=100`))).body.items;
    expect(events[0].data.version).toBe(1);
    expect((await link()).version).toBeGreaterThanOrEqual(before.version);
  }, 300_000);

  it('ends by Ctrl-C and leaves nothing, even with a program that was stopped', async () => {
    process.kill(running('server-sidecar-2')?.pid ?? 0, 'SIGSTOP');
    await stopBy('SIGINT');
  }, 300_000);

  itLong(
    'starts again with its data, fetching and building nothing, and ends by SIGTERM',
    async () => {
      await startAgain();
      expect(launcher.output()).not.toMatch(/installing|built|fetching|ending what/);
      const { items } = (await getJson(api(`/api/v1/connections/${LINK}/events?limit=100`))).body;
      expect(items[0].data.version).toBe(1);
      await stopBy('SIGTERM');
    },
    300_000,
  );

  itLong(
    'begins empty with --fresh',
    async () => {
      const certificate = readFileSync(join(layout.pki, 'ca.crt'), 'utf8');
      await startAgain('--', '--fresh');
      await untilActive();
      expect((await link()).epoch).toBe(1);
      expect(readFileSync(join(layout.pki, 'ca.crt'), 'utf8')).not.toBe(certificate);
      await stopBy('SIGINT');
    },
    300_000,
  );

  itLong(
    'runs on servers that are there already, and leaves them running',
    async () => {
      const servers = await startServers();
      try {
        const { kafkaBrokers, redisUrl } = servers;
        const given = { TRUNKLINE_KAFKA_BROKERS: kafkaBrokers, TRUNKLINE_REDIS_URL: redisUrl };
        launcher = runIn(clone, ['npm', 'start'], { ...env(), ...given });
        await launcher.says(/Trunkline is ready/, START_PATIENCE_MS);
        expect(alive().map(({ name }) => name)).not.toEqual(
          expect.arrayContaining([expect.stringMatching(/kafka|redis/)]),
        );
        await untilActive();
        await stopBy('SIGINT');
        expect(recordsOf(servers.layout).filter(isAlive)).toHaveLength(2);
      } finally {
        await servers.clear();
      }
    },
    300_000,
  );
});
