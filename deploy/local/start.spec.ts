import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { freshClone, removeClone, runIn } from '../../test/support/clone.ts';
import { USAGE } from './settings.mjs';

describe('npm start -- --help', () => {
  let clone: string;

  beforeAll(() => {
    clone = freshClone();
  });
  afterAll(() => removeClone(clone));

  it('tells the options in a clone where nothing is installed, and leaves nothing behind', async () => {
    const run = runIn(clone, ['npm', 'start', '--silent', '--', '--help', '--fresh']);
    expect(await run.ended(30_000)).toBe(0);
    expect(run.output()).toBe(`${USAGE}\n`);
    for (const option of ['--fresh', '--help', 'TRUNKLINE_PORT_OFFSET', 'TRUNKLINE_KAFKA_BROKERS']) {
      expect(run.output()).toMatch(new RegExp(`^ +${option} +\\S`, 'm'));
    }
    expect(existsSync(join(clone, '.trunkline'))).toBe(false);
    expect(existsSync(join(clone, 'node_modules'))).toBe(false);
  });
});
