import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORTS } from '../../deploy/local/programs.mjs';

/** The README's blocks of code that are marked with this word, in their order. */
function blocksOf(clone: string, mark: string): string[] {
  const text = readFileSync(join(clone, 'README.md'), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`bash ${mark}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, block = '']) => block,
  );
}

/** The commands of the README's tour of a session, each of which has a terminal of its own or follows another's. */
export function sessionTourOf(clone: string) {
  const commands = blocksOf(clone, 'session').map((block) => block.trim());
  const [probe, controller, target, ssh, kill] = commands;
  if (commands.length !== 5 || !probe || !controller || !target || !ssh || !kill)
    throw new Error(`the tour of a session has ${commands.length} commands`);
  return { probe, controller, target, ssh, kill };
}

/** The commands of the README's tour as one script, for a stack whose ports are shifted. */
export function tourOf(clone: string, offset: number): string {
  const blocks = blocksOf(clone, 'tour');
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
