import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryBroker } from '#libs/log';
import { verifyKafka } from '../../apps/cli/src/verify/run.ts';
import { ROOT } from '../../deploy/local/paths.mjs';
import { CORRUPTIONS, corrupted } from './corruptions.ts';
import { pour } from './pour.ts';

const clean = readFileSync(join(ROOT, 'test/verify/clean.ndjson'), 'utf8');
const NAMES = { east: 'east', west: 'west' };
const PARTITIONS = 12;

async function logOf(slice: string) {
  const broker = new MemoryBroker();
  for (const region of Object.keys(NAMES)) broker.createRegion(region, PARTITIONS);
  const log = broker.log('verify');
  await pour(slice, log, NAMES);
  return { log, regions: Object.keys(NAMES) };
}

/** So few that every partition has a pass of its own. */
const FEW = 1;

describe('a log that is read in passes', () => {
  it('is told of as one that is read at once', async () => {
    const source = await logOf(clean);
    const once = await verifyKafka(source);
    expect(once).toMatchObject({ found: 0, counts: { decisions: 13, unjudged: 0 } });
    expect(await verifyKafka(source, { recordsPerPass: FEW })).toEqual(once);
  });

  it.each(['writer-void', 'carried-after-end.report', 'two-active'])(
    'shows what %s broke, in whichever partition the other record stands',
    async (name) => {
      const corruption = CORRUPTIONS[name];
      if (corruption === undefined) throw new Error(`no corruption ${name}`);
      const source = await logOf(corrupted(clean, corruption));
      const { violations } = await verifyKafka(source, { recordsPerPass: FEW });
      expect([...new Set(violations.map(({ code }) => code))]).toEqual([corruption.breaks]);
    },
  );

  it('is exported once, whole', async () => {
    const source = await logOf(clean);
    const [once, inPasses]: [string[], string[]] = [[], []];
    await verifyKafka(source, { exportLine: (line) => once.push(placeOf(line)) });
    await verifyKafka(source, { recordsPerPass: FEW, exportLine: (line) => inPasses.push(placeOf(line)) });
    const records = clean
      .trimEnd()
      .split('\n')
      .filter((line) => line.startsWith('{"topic"'))
      .map(placeOf);
    expect(once.sort()).toEqual(records.sort());
    expect(inPasses.sort()).toEqual(records);
  });
});

/** A line without its time, which the broker gives anew. */
function placeOf(line: string): string {
  const { timestamp: _, ...rest } = JSON.parse(line);
  return JSON.stringify(rest);
}
