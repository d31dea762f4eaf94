import { readFileSync } from 'node:fs';
import { StackError } from './errors.mjs';
import { untilUp } from './infrastructure.mjs';
import { isAlive, launch, logFile, readRecord } from './processes.mjs';

const WATCH_EVERY_MS = 500;
const READY_MS = 60_000;
const HTTP_TIMEOUT_MS = 2_000;
const LAST_WORDS_LENGTH = 300;

/**
 * @typedef {import('./paths.mjs').Layout} Layout
 * @typedef {import('./programs.mjs').Program} Program
 */

/**
 * @param {Layout} layout
 * @param {Program} program
 */
export function startProgram(layout, program) {
  return launch(layout, { ...program, env: { ...environment(), ...program.env } });
}

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
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const words = lines.filter((line) => /^\S/.test(line) && !/^(Node\.js v|at )/.test(line)).at(-1);
  return words?.slice(0, LAST_WORDS_LENGTH) ?? 'it said nothing';
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
      if (was && !is)
        say(`${name} died; its log: ${logFile(layout, name)}; start it again: npm run up -- ${name}`);
      if (!was && is) say(`${name} runs again (pid ${record?.pid})`);
      alive.set(name, is);
    }
  }, WATCH_EVERY_MS);
  return () => clearInterval(timer);
}
