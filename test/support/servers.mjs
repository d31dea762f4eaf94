import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startKafka, startRedis } from '../../deploy/local/infrastructure.mjs';
import { ensureJars } from '../../deploy/local/jars.mjs';
import { layoutOf } from '../../deploy/local/paths.mjs';
import { findJava, isFree } from '../../deploy/local/preflight.mjs';
import { readRecord, signal, stop } from '../../deploy/local/processes.mjs';
import { PORTS } from '../../deploy/local/programs.mjs';

const GUARDIAN = fileURLToPath(new URL('guardian.mjs', import.meta.url));
/** Systems give ports from 32768 on to outgoing connections, so servers of tests stay below. */
const PORTS_FROM = 20_000;
const PORTS_TO = 32_768;
/** Test files that run at once never get the same port, also while nobody listens there yet; two runs side by side count on. */
const WORKERS = 8;
const WORKER =
  (Number(process.env.JEST_WORKER_ID ?? 0) + Number(process.env.TRUNKLINE_TEST_WORKERS_BESIDE ?? 0)) %
  WORKERS;
/** Each stack of a test has a database of its own in the shared Redis. */
const REDIS_DATABASES = 1_024;
const STOP_GRACE_MS = 5_000;

/**
 * Ports that this process gave out, and those of the local stack, which may run beside the tests.
 * @type {Set<number>}
 */
const given = new Set(Object.values(PORTS).flatMap((purposes) => Object.values(purposes)));

/** A port that is free now and that this process gives out once. */
export async function freePort() {
  for (;;) {
    const choice = Math.floor(Math.random() * ((PORTS_TO - PORTS_FROM) / WORKERS));
    const port = PORTS_FROM + choice * WORKERS + WORKER;
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

/**
 * A folder for processes of a test, with a guardian that ends all of them and removes the folder: when it is
 * told to, and also when this process dies in whatever way.
 * @param {string} purpose
 */
export function guardedHome(purpose) {
  const layout = layoutOf(mkdtempSync(join(tmpdir(), `trunkline-${purpose}-`)));
  const guardian = spawn(process.execPath, [GUARDIAN, layout.home], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guardian.unref();
  /** @type {import('node:net').Socket} */ (guardian.stdin).unref();
  const clear = () =>
    new Promise((resolve) => {
      guardian.ref();
      guardian.once('exit', () => resolve(undefined));
      guardian.stdin.end();
    });
  return { layout, clear };
}

/**
 * A real Kafka and a real Redis on free ports.
 * @param {{kafka?: boolean, redis?: boolean}} [wanted] both, unless told otherwise
 */
export async function startServers({ kafka = true, redis = true } = {}) {
  const { layout, clear } = guardedHome('servers');
  try {
    const jars = await ensureJars(console.log);
    const ports = { client: await freePort(), controller: await freePort(), redis: await freePort() };
    const bring = {
      kafka: () =>
        startKafka(layout, { java: findJava(), jars, port: ports.client, controllerPort: ports.controller }),
      redis: () => startRedis(layout, { jars, port: ports.redis, maxDatabases: REDIS_DATABASES }),
    };
    await Promise.all([kafka && bring.kafka(), redis && bring.redis()]);
    return {
      kafkaBrokers: `127.0.0.1:${ports.client}`,
      redisUrl: `redis://127.0.0.1:${ports.redis}`,
      /** Starts one again, on the same port and the same data. */
      start: (/** @type {'kafka' | 'redis'} */ name) => bring[name](),
      /** Ends one; what it wrote stays. */
      stop: async (/** @type {'kafka' | 'redis'} */ name) => {
        const record = readRecord(layout, name);
        if (record) await stop([record], STOP_GRACE_MS);
      },
      signal: (/** @type {'kafka' | 'redis'} */ name, /** @type {NodeJS.Signals} */ kind) => {
        const record = readRecord(layout, name);
        return record !== undefined && signal(record, kind);
      },
      layout,
      clear,
    };
  } catch (error) {
    await clear();
    throw error;
  }
}

/** @typedef {Awaited<ReturnType<typeof startServers>>} Servers */
