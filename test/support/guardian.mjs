import { rmSync } from 'node:fs';
import { layoutOf } from '../../deploy/local/paths.mjs';
import { recordsOf, stop } from '../../deploy/local/processes.mjs';

/**
 * Waits until the process that started it closes the pipe, or dies; then ends what stands written down in
 * the folder and removes it. Nothing else knows of a test that was killed.
 */
const GRACE_MS = 5_000;
const layout = layoutOf(process.argv[2] ?? '');

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {});
async function clear() {
  await stop(recordsOf(layout), GRACE_MS);
  rmSync(layout.home, { recursive: true, force: true });
  process.exit(0);
}

process.stdin.once('close', () => void clear());
process.stdin.resume();
