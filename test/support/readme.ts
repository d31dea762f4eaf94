import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORTS } from '../../deploy/local/programs.mjs';

/** The commands of the README's tour as one script, for a stack whose ports are shifted. */
export function tourOf(clone: string, offset: number): string {
  const text = readFileSync(join(clone, 'README.md'), 'utf8');
  const blocks = [...text.matchAll(/^```bash tour\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  if (blocks.length < 5) throw new Error('the README has no tour');
  const known = new Set(Object.values(PORTS).flatMap((purposes) => Object.values(purposes) as number[]));
  const shifted = blocks.join('echo\n').replaceAll(/127\.0\.0\.1:(\d+)/g, (_address, port) => {
    if (!known.has(Number(port))) throw new Error(`the README names port ${port}, which no program has`);
    return `127.0.0.1:${Number(port) + offset}`;
  });
  const kafka = `127.0.0.1:${PORTS.kafka.client + offset}`;
  return `set -euo pipefail\n${shifted
    .replaceAll('curl -s', 'curl -sS --fail-with-body')
    .replaceAll('npx trunkline', `TRUNKLINE_KAFKA_BROKERS=${kafka} npx trunkline`)}`;
}
