import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { StackError } from './errors.mjs';

const JAVA_MIN = 17;
const MAVEN_MIN = '3.6';
const DISK_MIN_BYTES = 512 * 1024 * 1024;

/** Node as `engines` of package.json wants it. */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const fits = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  if (fits) return;
  throw new StackError(`Node ${version} is too old: install Node 20.19 or newer (https://nodejs.org)`);
}

/**
 * The Java to run, of JAVA_HOME or of PATH.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} its path or name
 */
export function findJava(env = process.env) {
  const hint = `install a JDK ${JAVA_MIN} or newer (Debian: apt-get install openjdk-17-jdk-headless; macOS: brew install openjdk@17) and see that \`java -version\` works`;
  const own = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin/java') : undefined;
  const java = own && existsSync(own) ? own : 'java';
  const run = spawnSync(java, ['-version'], { encoding: 'utf8', env });
  if (run.error || run.status !== 0) throw new StackError(`Java is missing: ${hint}`);
  const version = /version "([^"]+)"/.exec(run.stderr + run.stdout)?.[1] ?? '0';
  // Java 8 calls itself 1.8.
  const major = Number(version.replace(/^1\./, '').split(/[.\-+]/)[0]);
  if (major < JAVA_MIN) throw new StackError(`Java ${version} (${java}) is too old: ${hint}`);
  return java;
}

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string}
 */
export function findMaven(env = process.env) {
  const hint = `install Maven ${MAVEN_MIN} or newer (Debian: apt-get install maven; macOS: brew install maven) and see that \`mvn -v\` works`;
  const run = spawnSync('mvn', ['-v'], { encoding: 'utf8', env });
  if (run.error || run.status !== 0) throw new StackError(`Maven is missing: ${hint}`);
  const version = /Apache Maven (\S+)/.exec(run.stdout)?.[1] ?? '0';
  if (isAtLeast(version, MAVEN_MIN)) return 'mvn';
  throw new StackError(`Maven ${version} is too old: ${hint}`);
}

/**
 * Whether `version` is `least` or newer, by major and minor.
 * @param {string} version
 * @param {string} least
 */
export function isAtLeast(version, least) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/**
 * That the stack's folder can be written and has room.
 * @param {string} home
 */
export function checkDisk(home) {
  const hint = `give this user write access to ${home}, or free space, and start again`;
  try {
    mkdirSync(home, { recursive: true });
    accessSync(home, constants.W_OK | constants.X_OK);
    writeFileSync(join(home, '.writable'), 'yes\n');
  } catch (error) {
    throw new StackError(`${home} cannot be written (${reasonOf(error)}): ${hint}`);
  }
  const { bavail, bsize } = statfsSync(home);
  const free = bavail * bsize;
  if (free >= DISK_MIN_BYTES) return;
  const mib = Math.floor(free / 1024 / 1024);
  throw new StackError(
    `${home} has only ${mib} MiB of disk left, ${DISK_MIN_BYTES / 1024 / 1024} are needed: ${hint}`,
  );
}

/** @param {unknown} error */
function reasonOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error)?.code ?? String(error);
}

/**
 * That every port is free on loopback; all that are taken are named at once.
 * @param {{program: string, port: number}[]} wanted
 */
export async function checkPorts(wanted) {
  const taken = [];
  for (const { program, port } of wanted) {
    if (!(await isFree(port))) taken.push(`${port} (${program})${holderOf(port)}`);
  }
  if (taken.length === 0) return;
  throw new StackError(
    `port ${taken.join(', ')} on 127.0.0.1 is taken: end what listens there, or shift all ports with TRUNKLINE_PORT_OFFSET=1000 npm start`,
  );
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Who listens there, where Linux tells: the socket's inode among the open files of processes we may look at.
 * @param {number} port
 */
function holderOf(port) {
  const run = spawnSync('ss', ['-Hltnp', `sport = :${port}`], { encoding: 'utf8' });
  const found = /\("([^"]+)",pid=(\d+)/.exec(run.stdout ?? '');
  return found ? ` by ${found[1]}, pid ${found[2]}` : '';
}

/**
 * The dependencies are those of the lock when npm's own note of what it installed says the same versions.
 * npm writes that note last, so an interrupted installation has none.
 * @param {string} root
 */
export function dependenciesMatch(root) {
  try {
    const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const have = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')).packages;
    return Object.entries(want).every(
      ([path, entry]) => path === '' || entry.optional || have[path]?.version === entry.version,
    );
  } catch {
    return false;
  }
}
