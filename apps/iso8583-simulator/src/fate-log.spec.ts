import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FateLog } from './fate-log.ts';
import { Tally } from './tally.ts';

describe('the fate log', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trunkline-fates-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('keeps a line for each step, in the file before the call returns', () => {
    const path = join(dir, 'data', 'iso-client-1.ndjson');
    const fates = new FateLog(path);
    fates.write('ABC000000001', '0200', 'sent');
    fates.write('ABC000000001', '0210', 'approved', 'iso-server-1');
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      { time: expect.any(String), rrn: 'ABC000000001', mti: '0200', fate: 'sent' },
      {
        time: expect.any(String),
        rrn: 'ABC000000001',
        mti: '0210',
        fate: 'approved',
        server: 'iso-server-1',
      },
    ]);
    fates.close();
  });

  it('gives a later life what stands there, and steps over a line that a kill cut in two', () => {
    const path = join(dir, 'a.ndjson');
    const first = new FateLog(path);
    first.write('A', '0200', 'sent');
    first.close();
    appendFileSync(path, '{"time":"2026-01-01T00:00:00Z","rrn":"B","mt');
    const second = new FateLog(path);
    second.write('C', '0200', 'sent');
    second.close();
    expect(new FateLog(path).earlier.map(({ rrn }) => rrn)).toEqual(['A', 'C']);
  });

  it('is what the tallies are carried on from', () => {
    const path = join(dir, 'a.ndjson');
    const fates = new FateLog(path);
    fates.write('A', '0200', 'sent');
    fates.write('A', '0210', 'approved', 'iso-server-2');
    fates.write('B', '0200', 'sent');
    fates.write('B', '0200', 'timed_out');
    fates.close();
    expect(new Tally(new FateLog(path).earlier).counts).toMatchObject({
      sent: 2,
      approved: 1,
      timed_out: 1,
      reversed: 0,
      by_server: { 'iso-server-2': 1 },
    });
  });
});
