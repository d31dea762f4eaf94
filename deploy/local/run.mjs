import { spawn } from 'node:child_process';

/**
 * What is running now on the launcher's behalf and has to end with it.
 * @type {Set<import('node:child_process').ChildProcess>}
 */
const running = new Set();

/** @typedef {import('node:child_process').SpawnOptions & {onStart?: (pid: number) => void}} RunOptions */

/**
 * Runs a command to its end and keeps what it printed.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{code: number, output: string}>}
 */
export function run(command, args, { onStart, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    if (child.pid !== undefined) onStart?.(child.pid);
    let output = '';
    const take = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString();
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    const end = (/** @type {number} */ code, /** @type {string} */ added = '') => {
      running.delete(child);
      resolve({ code, output: output + added });
    };
    child.on('error', (error) => end(127, error.message));
    child.on('close', (code) => end(code ?? 1));
  });
}

/** Ends whatever `run` still waits for. */
export function endRunning() {
  for (const child of running) child.kill('SIGTERM');
}
