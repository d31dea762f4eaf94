import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../../deploy/local/paths.mjs';

/** Long enough for a Kafka that does not answer. */
const LIMIT_MS = 90_000;

/** The command line as a person runs it in the clone. */
export function trunkline(...args: string[]) {
  const bin = join(ROOT, 'bin/trunkline.mjs');
  return spawnSync(process.execPath, [bin, ...args], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
    maxBuffer: 64 << 20,
  });
}
