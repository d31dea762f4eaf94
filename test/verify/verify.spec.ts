import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verify } from '#libs/domain';
import { verifySlices } from '../../apps/cli/src/verify/run.ts';
import { ensureBuild } from '../../deploy/local/build.mjs';
import { ROOT } from '../../deploy/local/paths.mjs';
import { CORRUPTIONS, corrupted, type Line } from './corruptions.ts';
import { trunkline } from './trunkline.ts';

const HERE = join(ROOT, 'test/verify');
const CLEAN = join(HERE, 'clean.ndjson');
const clean = readFileSync(CLEAN, 'utf8');
/** A decision that counts. */
const TRUTH = 'east.controller-events/3@3';
const fileOf = (name: string) => join(HERE, 'corrupted', `${name}.ndjson`);

/** The report on a log that differs from the clean one. */
async function reportOn(change: (lines: Line[]) => void): Promise<verify.AuditReport> {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-verify-'));
  try {
    const file = join(folder, 'changed.ndjson');
    writeFileSync(file, corrupted(clean, { breaks: 'state-differs', how: '', spoil: change }));
    return await verifySlices([file]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a clean recorded log', () => {
  it('keeps every invariant, and all of it is read', async () => {
    const { violations, found, counts } = await verifySlices([CLEAN]);
    expect({ violations, found }).toEqual({ violations: [], found: 0 });
    expect(counts).toMatchObject({ voided: 0, unjudged: 0 });
    expect(
      Math.min(counts.decisions, counts.facts, counts.commands, counts.reports, counts.requests),
    ).toBeGreaterThan(9);
  });

  it('keeps them also with a record by a writer whose claim is over, as long as nothing came of it', async () => {
    const { found, counts } = await reportOn((lines) => {
      CORRUPTIONS['writer-void']?.spoil(lines);
      const sent = lines.findIndex(({ value }) => value?.decision_id?.endsWith('/13'));
      lines.splice(sent, 1);
    });
    expect({ found, voided: counts.voided }).toEqual({ found: 0, voided: 1 });
  });

  it('keeps them with records that stand twice, as a repeated request leaves them', async () => {
    const { found } = await reportOn((lines) => {
      const facts = lines.filter(
        ({ topic, partition }) => topic === 'east.connection-status' && partition === 3,
      );
      const behind = facts.length;
      lines.push(...facts.map((line, index) => ({ ...line, offset: behind + index })));
    });
    expect(found).toBe(0);
  });

  it('keeps them when the oldest facts are no longer kept: what they were cited for is counted as not looked at', async () => {
    const { violations, counts } = await reportOn((lines) => {
      const kept = lines.filter(({ topic, offset }) => topic !== 'east.connection-status' || offset >= 6);
      lines.splice(0, lines.length, ...kept);
    });
    expect(violations).toEqual([]);
    expect(counts.unjudged).toBe(4);
  });
});

describe('a corrupted log', () => {
  it.each(Object.entries(CORRUPTIONS))('%s is as the script makes it', (name, corruption) => {
    expect(readFileSync(fileOf(name), 'utf8')).toBe(corrupted(clean, corruption));
  });

  it.each(Object.entries(CORRUPTIONS))(
    '%s breaks exactly its invariant, and says where',
    async (name, { breaks }) => {
      const { violations, found } = await verifySlices([fileOf(name)]);
      expect(found).toBeGreaterThan(0);
      expect([...new Set(violations.map(({ code }) => code))]).toEqual([breaks]);
      const ofRequest = /request|tallies/.test(breaks);
      for (const { subject, records } of violations) {
        expect(subject).toMatch(ofRequest ? /^[0-9A-Z]{12}$/ : /^bank-client-1:primary$/);
        // What is missing has no record: then one is all there is.
        expect(records).toHaveLength(breaks === 'tallies-differ' ? 1 : 2);
        for (const { place } of records) expect(clean).toContain(placeText(place));
      }
    },
  );

  it('is there for every invariant, and nothing else is there', () => {
    const broken = new Set(Object.values(CORRUPTIONS).map(({ breaks }) => breaks));
    expect([...broken].sort()).toEqual(Object.keys(verify.INVARIANTS).sort());
    const files = readdirSync(join(HERE, 'corrupted'));
    expect(files.sort()).toEqual(
      Object.keys(CORRUPTIONS)
        .map((name) => `${name}.ndjson`)
        .sort(),
    );
  });
});

/** What the clean log says of the place's partition or file; the corruption may have added the record itself. */
const placeText = (place: verify.Place): string =>
  'file' in place ? `"file":"${place.file}"` : `"topic":"${place.topic}","partition":${place.partition}`;

describe('trunkline verify', () => {
  beforeAll(() => {
    ensureBuild();
  });

  it('ends with 0 and one line of what was read when all holds', () => {
    const { status, stdout, stderr } = trunkline('verify', '--log', CLEAN);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Read 13 decisions, \d+ facts, .*\nAll 13 invariants hold\.\n$/);
  });

  it('ends with 1 and names invariant, connection and both records', () => {
    const { status, stdout } = trunkline('verify', '--log', fileOf('writer-void'));
    expect(status).toBe(1);
    expect(stdout).toContain('\nwriter-void  bank-client-1:primary\n');
    expect(stdout).toMatch(/\n {4}east\.failover-commands\/\d+@\d+ {2}disconnect {2}2026-/);
    expect(stdout).toMatch(/\n {4}east\.controller-events\/\d+@\d+ {2}failover-started {2}2026-/);
  });

  it('tells programs the same as JSON', () => {
    const { status, stdout } = trunkline('verify', '--log', fileOf('version-gap'), '--output', 'json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      found: 1,
      violations: [
        {
          code: 'version-gap',
          subject: 'bank-client-1:primary',
          records: [
            { topic: 'east.controller-events', name: 'failover-started' },
            { topic: 'east.controller-events', name: 'failover-decided' },
          ],
        },
      ],
    });
  });

  it.each([
    ['an unknown option', ['--brokrs', 'x'], /unknown option/],
    ['a broker without a port', ['--brokers', 'kafka'], /must be host:port/],
    ['a region with a dot', ['--regions', 'east.west'], /names without dots/],
    ['an output that there is not', ['--output', 'xml'], /text, json/],
    ['a file and Kafka at once', ['--log', CLEAN, '--brokers', 'kafka:9092'], /leave one out/],
    ['an export over a file', ['--export', CLEAN], /is there already/],
  ])('ends with 2 for %s, and says what is allowed', (_what, flags, text) => {
    const { status, stdout, stderr } = trunkline('verify', ...flags);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(text);
  });

  it.each([
    ['a slice that is not there', ['--log', 'nowhere.ndjson'], /nowhere\.ndjson cannot be read \(ENOENT\)/],
    [
      'a file that is no slice',
      ['--log', join(ROOT, 'package.json')],
      /package\.json:1 is no line of a slice/,
    ],
    ['a folder without applications', ['--log', CLEAN, '--data', join(ROOT, 'docs')], /holds no \*\.ndjson/],
    ['a Kafka that is not there', ['--brokers', '127.0.0.1:1'], /--brokers host:port/],
  ])('ends with 3 for %s, and says what to do', (_what, flags, text) => {
    const { status, stdout, stderr } = trunkline('verify', ...flags);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toMatch(text);
  });

  it('ends with 3 where a decision that counts cannot be read: truth is not skipped', () => {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-verify-'));
    const file = join(folder, 'broken.ndjson');
    const spoil = (lines: Line[]) => {
      const one = lines.find(({ topic, partition, offset }) => `${topic}/${partition}@${offset}` === TRUTH);
      Object.assign(one ?? {}, { value: undefined, value_text: '{' });
    };
    writeFileSync(file, corrupted(clean, { breaks: 'state-differs', how: '', spoil }));
    const { status, stderr } = trunkline('verify', '--log', file);
    rmSync(folder, { recursive: true, force: true });
    expect(status).toBe(3);
    expect(stderr).toMatch(/east\.controller-events\/3 at offset 3: unreadable-record/);
  });
});
