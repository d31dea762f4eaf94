import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from './errors.mjs';
import { birthOf, isAlive } from './processes.mjs';

/**
 * Makes this process the only one of its kind on a stack, until it ends; a lock whose owner is gone counts as
 * open. Taking is a hard link, which is there or not, never half written.
 * @param {import('./paths.mjs').Layout} layout
 * @param {string} what
 * @param {(pid: number) => string} busy what to tell when another one has it
 * @returns {() => void} gives it back
 */
export function takeLock(layout, what, busy) {
  mkdirSync(layout.run, { recursive: true });
  const lock = join(layout.run, `${what}.lock`);
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, birth: birthOf(process.pid) }));
  try {
    for (;;) {
      try {
        linkSync(mine, lock);
        return () => rmSync(lock, { force: true });
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
      }
      const owner = readOwner(lock);
      if (isAlive(owner)) throw new StackError(busy(owner?.pid ?? 0));
      clearStale(lock, `${mine}.stale`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * Moves a dead owner's lock away. When another process did so first and took the lock, it gets it back.
 * @param {string} lock
 * @param {string} aside
 */
function clearStale(lock, aside) {
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  if (isAlive(readOwner(aside))) linkSync(aside, lock);
  rmSync(aside, { force: true });
}

/**
 * @param {string} file
 * @returns {import('./processes.mjs').Identity | undefined}
 */
function readOwner(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Who holds a lock now, if anybody living does.
 * @param {import('./paths.mjs').Layout} layout
 * @param {string} what
 */
export function lockOwner(layout, what) {
  const owner = readOwner(join(layout.run, `${what}.lock`));
  return isAlive(owner) ? owner : undefined;
}
