import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { readFromZip } from './archive.mjs';
import { StackError } from './errors.mjs';
import { CACHE } from './paths.mjs';
import { isAtLeast } from './preflight.mjs';

/** Older servers lack commands that the registry uses. */
const REDIS_MIN = '6.2';
const EMBEDDED = 'redis-server-7.0.15';

/**
 * The redis-server of PATH when it is new enough, else undefined: then one comes out of the jars.
 * @returns {string | undefined}
 */
export function redisOnPath() {
  const run = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  const version = /v=(\S+)/.exec(run.stdout ?? '')?.[1] ?? '0';
  return isAtLeast(version, REDIS_MIN) ? 'redis-server' : undefined;
}

/**
 * The static redis-server that the embedded-redis jar holds for this machine.
 * @param {string} jars
 * @param {string} [cache]
 */
export function embeddedRedis(jars, cache = CACHE) {
  const name = `${EMBEDDED}-${platform()}-${arch() === 'x64' ? 'amd64' : arch()}`;
  const file = join(cache, name);
  if (existsSync(file)) return file;
  const jar = readdirSync(jars).find((entry) => entry.startsWith('embedded-redis-'));
  const bytes = jar && readFromZip(join(jars, jar), name);
  if (!bytes) {
    throw new StackError(
      `there is no Redis for ${platform()} ${arch()} in the jars: install redis-server ${REDIS_MIN} or newer, or point TRUNKLINE_REDIS_URL at one`,
    );
  }
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, bytes);
  chmodSync(beside, 0o755);
  renameSync(beside, file);
  return file;
}

/**
 * How to run Redis: on loopback, what it holds appended to a file, so that it is there after a kill.
 * @param {{server: string, port: number, dir: string, maxDatabases?: number}} options
 */
export function redisProgram({ server, port, dir, maxDatabases = 16 }) {
  mkdirSync(dir, { recursive: true });
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    appendonly: 'yes',
    save: '',
    daemonize: 'no',
    databases: String(maxDatabases),
    maxmemory: '256mb',
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return { name: 'redis', command: server, args };
}

/**
 * Whether a Redis answers there, and is done loading. Of one that speaks TLS only that it listens.
 * @param {string} host
 * @param {number} port
 * @param {boolean} [secure]
 * @returns {Promise<boolean>}
 */
export function redisAnswers(host, port, secure = false) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (/** @type {boolean} */ answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => (secure ? end(true) : socket.write('PING\r\n')));
    // A Redis that wants a password says so, and is there none the less.
    socket.once('data', (data) => end(/^(\+PONG|-NOAUTH)/.test(data.toString())));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
