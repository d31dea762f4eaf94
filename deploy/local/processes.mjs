import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { sleep } from './wait.mjs';

/** A log that has grown beyond this is put aside when its program starts again. */
const LOG_ROTATE_BYTES = 32 * 1024 * 1024;

/**
 * Who a process is, so that a pid that the system gave to somebody else is never taken for ours.
 * @typedef {{pid: number, birth: string}} Identity
 * @typedef {Identity & {name: string, startedAt: string}} Record
 * @typedef {import('./paths.mjs').Layout} Layout
 */

/**
 * When a living process was started, as the system counts it; undefined when it is gone or only waits to be
 * reaped.
 * @param {number} pid
 * @returns {string | undefined}
 */
export function birthOf(pid) {
  if (process.platform === 'linux') return linuxBirthOf(pid);
  const ps = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [state, ...birth] = (ps.stdout ?? '').trim().split(/\s+/);
  return !state || state.startsWith('Z') ? undefined : birth.join(' ');
}

/** @param {number} pid */
function linuxBirthOf(pid) {
  try {
    // The second field is the program's name in brackets, which may hold anything: read from behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${bootId()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Start times count from the boot, so the boot is part of the identity. */
function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** @param {Identity | undefined} who */
export function isAlive(who) {
  return who !== undefined && birthOf(who.pid) === who.birth;
}

/**
 * Starts a program in a session of its own (a Ctrl-C at the terminal reaches the launcher alone), its output
 * into `log/<name>.log`, and writes down who it is.
 * @param {Layout} layout
 * @param {{name: string, command: string, args: string[], env?: NodeJS.ProcessEnv, cwd?: string}} program
 */
export function launch(layout, program) {
  mkdirSync(layout.run, { recursive: true });
  mkdirSync(layout.log, { recursive: true });
  const log = openLog(layout, program.name);
  const child = spawn(program.command, program.args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: program.env ?? process.env,
    cwd: program.cwd ?? layout.home,
  });
  closeSync(log);
  const { pid } = child;
  if (pid !== undefined) writeRecord(layout, program.name, pid);
  child.unref();
  return child;
}

/**
 * @param {Layout} layout
 * @param {string} name
 */
function openLog(layout, name) {
  const file = logFile(layout, name);
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_ROTATE_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

/**
 * @param {Layout} layout
 * @param {string} name
 */
export function logFile(layout, name) {
  return join(layout.log, `${name}.log`);
}

/**
 * `<name>.pid` is for people and scripts, `<name>.json` says who that pid was.
 * @param {Layout} layout
 * @param {string} name
 * @param {number} pid
 */
export function writeRecord(layout, name, pid) {
  /** @type {Record} */
  const record = { name, pid, birth: birthOf(pid) ?? 'gone', startedAt: new Date().toISOString() };
  const beside = join(layout.run, `.${name}.${process.pid}`);
  writeFileSync(beside, `${JSON.stringify(record)}\n`);
  renameSync(beside, join(layout.run, `${name}.json`));
  writeFileSync(join(layout.run, `${name}.pid`), `${pid}\n`);
}

/**
 * @param {Layout} layout
 * @param {string} name
 * @returns {Record | undefined}
 */
export function readRecord(layout, name) {
  try {
    return JSON.parse(readFileSync(join(layout.run, `${name}.json`), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * @param {Layout} layout
 * @param {string} name
 */
export function forget(layout, name) {
  for (const kind of ['json', 'pid']) rmSync(join(layout.run, `${name}.${kind}`), { force: true });
}

/**
 * Whatever this stack started and wrote down, dead or alive.
 * @param {Layout} layout
 * @returns {Record[]}
 */
export function recordsOf(layout) {
  if (!existsSync(layout.run)) return [];
  return readdirSync(layout.run)
    .filter((file) => file.endsWith('.json') && !file.startsWith('.'))
    .map((file) => readRecord(layout, file.slice(0, -'.json'.length)))
    .filter((record) => record !== undefined);
}

/**
 * Asks the processes to end and ends those that have not within `graceMs`. Only a process that is still the
 * one written down gets a signal.
 * @param {readonly Identity[]} all
 * @param {number} graceMs
 */
export async function stop(all, graceMs) {
  const until = performance.now() + graceMs;
  for (const who of all) {
    signal(who, 'SIGTERM');
    // One that was stopped hears of it only once it goes on.
    signal(who, 'SIGCONT');
  }
  let left = all.filter(isAlive);
  while (left.length > 0 && performance.now() < until) {
    await sleep(20);
    left = left.filter(isAlive);
  }
  for (const who of left) signal(who, 'SIGKILL');
  const dead = performance.now() + 2_000;
  while (left.some(isAlive) && performance.now() < dead) await sleep(10);
}

/**
 * @param {Identity} who
 * @param {NodeJS.Signals} name
 * @returns {boolean} whether it was there to be signalled
 */
export function signal(who, name) {
  if (!isAlive(who)) return false;
  try {
    process.kill(who.pid, name);
    return true;
  } catch {
    return false;
  }
}
