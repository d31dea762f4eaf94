import { existsSync, rmSync } from 'node:fs';
import { StackError } from './errors.mjs';
import { jarsDir } from './jars.mjs';
import { ROOT } from './paths.mjs';
import { checkPorts, dependenciesMatch, findJava, findMaven } from './preflight.mjs';
import { forget, isAlive, recordsOf, stop } from './processes.mjs';
import { PORTS, SERVERS } from './programs.mjs';
import { redisOnPath } from './redis.mjs';
import { run } from './run.mjs';
import { shiftedPorts } from './site.mjs';

const LEFTOVER_GRACE_MS = 4_000;

/**
 * @typedef {import('./paths.mjs').Layout} Layout
 * @typedef {import('./settings.mjs').Settings} Settings
 * @typedef {(text: string) => void} Say
 */

/**
 * Ends what an earlier launcher left running when it was killed.
 * @param {Layout} layout
 * @param {Say} say
 */
export async function clearLeftovers(layout, say) {
  const records = recordsOf(layout);
  const alive = records.filter(isAlive);
  if (alive.length > 0) say(`ending what an earlier start left: ${alive.map(({ name }) => name).join(', ')}`);
  await stop(alive, LEFTOVER_GRACE_MS);
  for (const { name } of records) forget(layout, name);
}

/** @param {Layout} layout */
export function beginEmpty(layout) {
  for (const path of [layout.data, layout.log, layout.pki, layout.token]) {
    rmSync(path, { recursive: true, force: true });
  }
}

/**
 * What this start needs of the machine, before anything is fetched or started.
 * @param {Settings} settings
 * @returns {Promise<{java: string | undefined, needsJars: boolean}>}
 */
export async function checkMachine(settings) {
  const ownKafka = !settings.kafkaBrokers;
  const needsJars = ownKafka || (!settings.redisUrl && !redisOnPath());
  const java = ownKafka ? findJava() : undefined;
  if (needsJars && !existsSync(jarsDir())) findMaven();
  await checkPorts(portsOf(settings));
  return { java, needsJars };
}

/** @param {Settings} settings */
function portsOf({ portOffset, kafkaBrokers, redisUrl }) {
  const given = new Set([...(kafkaBrokers ? ['kafka'] : []), ...(redisUrl ? ['redis'] : [])]);
  const portOf = shiftedPorts(portOffset);
  const names = /** @type {import('./programs.mjs').Name[]} */ (Object.keys(PORTS));
  return names
    .filter((name) => !given.has(name))
    .flatMap((name) =>
      Object.keys(PORTS[name]).map((purpose) => ({ program: name, port: portOf(name, purpose) })),
    );
}

/**
 * `npm ci` when what is installed is not what the lock says.
 * @param {Say} say
 * @param {(pid: number) => void} [onStart]
 */
export async function ensureDependencies(say, onStart) {
  if (dependenciesMatch(ROOT)) return;
  say('installing dependencies (about a minute, once for each change of the lock)');
  const done = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: ROOT,
    ...(onStart && { onStart }),
  });
  if (done.code === 0) return;
  const errors = done.output.split('\n').filter((line) => /npm (ERR!|error) \S/.test(line));
  const why = errors.slice(0, 2).join(' ') || done.output.trim().split('\n').at(-1);
  throw new StackError(`npm ci failed (${why}): see that npm reaches its registry, then start again`);
}

/**
 * Whether a name is one of the servers, which are started in another way than the programs.
 * @param {string} name
 * @returns {name is (typeof SERVERS)[number]}
 */
export function isServer(name) {
  return SERVERS.some((server) => server === name);
}
