import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '../../deploy/local/paths.mjs';
import { isAlive, type Record as ProcessRecord, recordsOf } from '../../deploy/local/processes.mjs';
import { freeOffset, freshClone, lend, removeClone, runIn } from '../support/clone.ts';
import { waitFor } from '../support/wait-for.ts';

/** Signals that come while a stack is still coming up. */
describe('a start that is interrupted', () => {
  const clone = freshClone();
  const layout = layoutOf(join(clone, '.trunkline'));
  lend(clone, { jars: true, dependencies: true });
  afterAll(() => removeClone(clone));

  it.each(['kafka', 'central-controller-east', 'iso-client-dr'])(
    'once %s was started leaves nothing',
    async (name) => {
      const env = { TRUNKLINE_PORT_OFFSET: String(await freeOffset()) };
      const launcher = runIn(clone, [process.execPath, 'deploy/local/start.mjs'], env);
      const seen = new Map<number, ProcessRecord>();
      await waitFor(
        () => {
          for (const record of recordsOf(layout)) seen.set(record.pid, record);
          return existsSync(join(layout.run, `${name}.pid`));
        },
        { withinMs: 120_000, everyMs: 5, what: `the start of ${name}` },
      );
      launcher.child.kill('SIGINT');
      await waitFor(
        () => {
          for (const record of recordsOf(layout)) seen.set(record.pid, record);
          return launcher.child.exitCode !== null;
        },
        { withinMs: 60_000, everyMs: 5, what: 'the end of the launcher' },
      );
      expect(launcher.output()).toMatch(/stopping\nstopped\n$/);
      expect([...seen.values()].filter(isAlive)).toEqual([]);
      expect(recordsOf(layout)).toEqual([]);
    },
    180_000,
  );
});
