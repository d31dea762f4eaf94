// node -C source --import ./test/support/typescript.mjs test/support/console/stage-main.ts [--port 0] [--connections 200]
//   [--seed 1] [--closed] [--quiet]: the console with generated data, and a move every few seconds; builds the console anew
//   when its sources change.
import { watch } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../../deploy/local/paths.mjs';
import { Stage } from './stage.ts';

/** Between two moves. */
const EVERY_MS = 4_000;
/** An editor writes several files at once. */
const AFTER_MS = 100;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    connections: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    /** Reads need a token. */
    closed: { type: 'boolean', default: false },
    /** Nothing moves by itself. */
    quiet: { type: 'boolean', default: false },
  },
});

const stage = await Stage.start({
  port: Number(values.port),
  links: Number(values.connections),
  seed: Number(values.seed),
  closed: values.closed,
  page: false,
});
build();
console.log(stage.url);
console.log(`viewer:   ${await stage.token('viewer')}`);
console.log(`operator: ${await stage.token('operator')}`);

let waiting: NodeJS.Timeout | undefined;
watch(join(ROOT, 'apps/console/src'), { recursive: true }, () => {
  clearTimeout(waiting);
  waiting = setTimeout(build, AFTER_MS);
});

function build(): void {
  try {
    stage.build();
    console.log('built');
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
}

if (!values.quiet) {
  setInterval(() => {
    const { world, operations } = stage;
    const links = world.standing();
    const link = links[world.random.between(0, links.length)];
    if (link) operations.move(link, world.random.chance(0.5) ? 'peer-reset' : 'keepalive-timeout');
  }, EVERY_MS);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stage.stop().then(() => process.exit(0)));
}
