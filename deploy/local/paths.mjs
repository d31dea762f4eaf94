import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone this file stands in. */
export const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');

/**
 * Where a stack keeps everything; for the local stack `.trunkline` of the clone.
 * @param {string} home
 */
export function layoutOf(home) {
  return {
    home,
    run: join(home, 'run'),
    log: join(home, 'log'),
    data: join(home, 'data'),
    pki: join(home, 'pki'),
    token: join(home, 'token'),
    jwks: join(home, 'pki', 'jwks.json'),
  };
}

/** @typedef {ReturnType<typeof layoutOf>} Layout */

export const HOME = join(ROOT, '.trunkline');

/** What was fetched and may be fetched again. `--fresh` keeps it. */
export const CACHE = join(HOME, 'cache');
