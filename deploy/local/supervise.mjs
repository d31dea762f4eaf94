import { readFileSync } from 'node:fs';
import { StackError } from './errors.mjs';
import { untilUp } from './infrastructure.mjs';
import { isAlive, launch, logFile, readRecord } from './processes.mjs';

const WATCH_EVERY_MS = 500;
const READY_MS = 60_000;
const HTTP_TIMEOUT_MS = 2_000;
const LAST_WORDS_LENGTH = 300;
/** Of a log, the end in which a program says that it stops and that it has. */
const LAST_LINES = 50;

/**
 * @typedef {import('./paths.mjs').Layout} Layout
 * @typedef {import('./programs.mjs').Program} Program
 */

/**
 * @param {Layout} layout
 * @param {Program} program
 */
export function startProgram(layout, program) {
  const child = launch(layout, { ...program, env: { ...environment(), ...program.env } });
  child.on('exit', (code) => {
    if (child.pid !== undefined && code !== null) exitCodes.set(child.pid, code);
  });
  return child;
}

/**
 * Of the programs that this process started and that have ended by themselves, by pid.
 * @type {Map<number, number>}
 */
const exitCodes = new Map();

/** What the programs inherit: everything but npm's own variables, which are many and mean nothing to them. */
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
}

/**
 * Waits until a program says that it is ready.
 * @param {Layout} layout
 * @param {Program} program
 * @param {number} [withinMs]
 */
export async function untilReady(layout, program, withinMs = READY_MS) {
  if (await untilUp(layout, program.name, () => answersOk(program.readyUrl), withinMs)) return;
  const ended = !isAlive(readRecord(layout, program.name));
  const how = ended ? 'ended before it was ready' : `was not ready within ${withinMs / 1_000} s`;
  const log = logFile(layout, program.name);
  throw new StackError(`${program.name} ${how} (${lastWords(log)}): see ${log}`);
}

/**
 * The last line of a log that says something: not the lines of a stack, nor Node's own farewell.
 * @param {string} log
 */
function lastWords(log) {
  const lines = linesOf(log);
  const words = lines.filter((line) => /^\S/.test(line) && !/^(Node\.js v|at )/.test(line)).at(-1);
  return words?.slice(0, LAST_WORDS_LENGTH) ?? 'it said nothing';
}

/** @param {string} log */
const linesOf = (log) => readFileSync(log, 'utf8').trim().split('\n');

/**
 * What made a process end that ended as it should: `drain`, or a signal's name.
 * @param {string} log
 * @param {number} pid
 * @returns {string | undefined} undefined: it said no goodbye
 */
function causeOfEnd(log, pid) {
  const goodbye = linesOf(log)
    .slice(-LAST_LINES)
    .filter((line) => /^\{.*"msg":"(stopping|stopped)"/.test(line))
    .map((line) => JSON.parse(line))
    .filter((line) => line.pid === pid);
  return goodbye.at(-1)?.msg === 'stopped' ? goodbye.at(-2)?.cause : undefined;
}

/**
 * @param {string} url
 * @returns {Promise<boolean>}
 */
export async function answersOk(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(HTTP_TIMEOUT_MS) });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/**
 * @param {Layout} layout
 * @param {string} name
 */
function howItEnded(layout, name) {
  const log = logFile(layout, name);
  const { pid = 0 } = readRecord(layout, name) ?? {};
  const cause = causeOfEnd(log, pid);
  if (cause === undefined) return `died; its log: ${log}`;
  const code = exitCodes.get(pid);
  const why = cause === 'drain' ? 'was drained' : `was told to end (${cause})`;
  return `${why} and left${code === undefined ? '' : ` (exit code ${code})`}`;
}

/**
 * Tells when a program dies and when it is there again. It stays dead: only `npm run up` starts it.
 * @param {Layout} layout
 * @param {readonly string[]} names
 * @param {(text: string) => void} say
 * @returns {() => void} ends the watch
 */
export function watch(layout, names, say) {
  const alive = new Map(names.map((name) => [name, true]));
  const timer = setInterval(() => {
    for (const [name, was] of alive) {
      const record = readRecord(layout, name);
      const is = isAlive(record);
      if (was && !is) say(`${name} ${howItEnded(layout, name)}; start it again: npm run up -- ${name}`);
      if (!was && is) say(`${name} runs again (pid ${record?.pid})`);
      alive.set(name, is);
    }
  }, WATCH_EVERY_MS);
  return () => clearInterval(timer);
}
