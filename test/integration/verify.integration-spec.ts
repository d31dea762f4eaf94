import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaLog } from '#libs/log';
import { ensureBuild } from '../../deploy/local/build.mjs';
import { ROOT } from '../../deploy/local/paths.mjs';
import { CORRUPTIONS, corrupted } from '../verify/corruptions.ts';
import { pour } from '../verify/pour.ts';
import { trunkline } from '../verify/trunkline.ts';

const PARTITIONS = 12;
const brokers = process.env.TRUNKLINE_KAFKA_BROKERS ?? '';
const clean = readFileSync(join(ROOT, 'test/verify/clean.ndjson'), 'utf8');
const unique = `verify${process.pid}${Date.now().toString(36)}`;

describe('trunkline verify, on a real Kafka', () => {
  const log = new KafkaLog({ brokers: brokers.split(','), clientId: 'verify-spec' });
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-verify-'));

  beforeAll(() => {
    ensureBuild();
  });
  afterAll(async () => {
    await log.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Two regions that hold this slice, as `--regions` names them. */
  async function regionsOf(name: string, slice: string): Promise<string> {
    const names = { east: `${unique}-${name}-east`, west: `${unique}-${name}-west` };
    for (const region of Object.values(names)) await log.ensureTopics(region, { partitions: PARTITIONS });
    await pour(slice, log, names);
    return Object.values(names).join(',');
  }

  it('reads a clean log to its end, and exports what reads the same again', async () => {
    const regions = await regionsOf('clean', clean);
    const file = join(folder, 'slice.ndjson');
    const run = trunkline('verify', '--brokers', brokers, '--regions', regions, '--export', file);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(/^Read 13 decisions, /);
    expect(trunkline('verify', '--log', file).stdout).toBe(run.stdout);
  });

  it('ends with 1 when a command left for a decision that does not count', async () => {
    const corruption = CORRUPTIONS['writer-void'];
    if (corruption === undefined) throw new Error('no such corruption');
    const regions = await regionsOf('void', corrupted(clean, corruption));
    const run = trunkline('verify', '--brokers', brokers, '--regions', regions);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('writer-void  bank-client-1:primary');
  });

  it('ends with 3 for a region that is not there, and says which flag names it', () => {
    const run = trunkline('verify', '--brokers', brokers, '--regions', `${unique}-nowhere`);
    expect({ status: run.status, stdout: run.stdout }).toEqual({ status: 3, stdout: '' });
    expect(run.stderr).toMatch(/nowhere\.connection-status cannot be read .*--regions names them/);
  });
});
