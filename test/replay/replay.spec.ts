import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOPIC } from '#libs/contracts';
import { run } from '../../apps/cli/src/program.ts';
import { Written } from '../../apps/cli/testing/fakes.ts';

const FOLDER = new URL('.', import.meta.url).pathname;
const SLICES = readdirSync(FOLDER).filter((name) => name.endsWith('.ndjson'));
/** Fewer judgements than this prove nothing. */
const LEAST = 10;

/** A record of a slice, as `trunkline export` writes it. */
// biome-ignore lint/suspicious/noExplicitAny: tests change records of every kind
type Line = Record<string, any>;

async function replayed(...args: string[]) {
  const written = new Written();
  const code = await run(['replay', ...args], written, { version: '1', description: 'x', stackHome: FOLDER });
  return { code, ...written, stdout: written.stdout, stderr: written.stderr };
}

describe('every slice that is kept here', () => {
  it('is there', () => {
    expect(SLICES.length).toBeGreaterThan(0);
  });

  it.each(SLICES)('%s is decided as it stands in the log', async (name) => {
    const { code, stdout, stderr } = await replayed(join(FOLDER, name), '--output', 'json');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    expect(lines.filter(({ verdict }) => verdict === 'different')).toEqual([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(lines.filter(({ verdict, logged }) => verdict === 'same' && logged).length).toBeGreaterThan(LEAST);
  });

  it.each(SLICES)('%s is told to differ in that alone in which it differs', async (name) => {
    const other = (line: Line) =>
      line.value?.rule ? { ...line, value: { ...line.value, rule: 'x' } } : line;
    const lines = readFileSync(join(FOLDER, name), 'utf8').trimEnd().split('\n');
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-replay-'));
    const file = join(folder, name);
    writeFileSync(file, lines.map((line) => `${JSON.stringify(other(JSON.parse(line)))}\n`).join(''));
    const { code, stdout } = await replayed(file, '--output', 'json', '--only-different');
    rmSync(folder, { recursive: true });
    expect(code).toBe(1);
    const told = stdout
      .split('\n')
      .flatMap((line) => (line === '' ? [] : (JSON.parse(line).differences ?? [])));
    expect(told.length).toBeGreaterThan(LEAST);
    expect(told.filter(({ path }) => path !== 'rule')).toEqual([]);
  });
});

describe('a replay', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'trunkline-replay-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const original = () =>
    readFileSync(join(FOLDER, 'moves.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);

  /** What a slice says that was changed. */
  async function changed(change: (lines: Line[]) => Line[], ...flags: string[]) {
    const file = join(folder, 'changed.ndjson');
    writeFileSync(
      file,
      `${change(original())
        .map((line) => JSON.stringify(line))
        .join('\n')}\n`,
    );
    return replayed(file, ...flags);
  }
  const isDecision = (line: Line, name: string) => line.headers?.ce_type === `trunkline.${name}.v1`;

  it('tells each input, what is decided now, and what stands in the log', async () => {
    const { code, stdout } = await replayed(join(FOLDER, 'moves.ndjson'));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /connection-lost \S+-east\.connection-status\/\d+@\d+ {2}→ {2}failover-started {2}\| {2}failover-started \S+ {2}same/,
    );
    expect(stdout).toMatch(/→ {2}\(ignore: [a-z-]+\) {2}\| {2}nothing in the log {2}same/);
    expect(stdout).toMatch(/\d+ judged: \d+ the same, 0 different\n$/);
  });

  it('ends with 1 when the log holds another choice than is made now', async () => {
    const { code, stdout } = await changed(
      (lines) =>
        lines.map((line) =>
          isDecision(line, 'connection-assigned')
            ? { ...line, value: { ...line.value, reason: 'peer-assigned' } }
            : line,
        ),
      '--only-different',
    );
    expect(code).toBe(1);
    expect(stdout).toContain('reason: now "requested", in the log "peer-assigned"');
    expect(stdout).toMatch(/, 1 different\n$/);
  });

  it('ends with 1 when a fact is decided on that the log ignored', async () => {
    // The last decision and all that came of it are cut off, their facts stay.
    const { code, stdout } = await changed((lines) => {
      const isOfLink = (line: Line) =>
        String(line.topic).endsWith(TOPIC.controllerEvents) && line.value.connection_id;
      const last = lines.filter(isOfLink).at(-1);
      return lines.filter((line) => line !== last);
    });
    expect(code).toBe(1);
    expect(stdout).toContain('in the log "no decision"');
  });

  it('says nothing of decisions whose inputs the slice lacks, and judges what comes after', async () => {
    const { code, stdout } = await changed((lines) => {
      const requested = lines.find((line) => isDecision(line, 'connection-request'));
      return lines.filter((line) => line !== requested);
    });
    expect(code).toBe(0);
    expect(stdout).toContain('(not judged)');
    expect(stdout).toContain('1 of the log');
  });

  it.each([
    ['a record twice', (lines: Line[]) => [...lines, lines.at(-1) as Line], 'in the order of the log'],
    [
      'a decision missing',
      (lines: Line[]) => {
        const gone = lines.find((line) => isDecision(line, 'connection-assigned'));
        return lines.filter((line) => line !== gone);
      },
      'version 2 where 1 comes next',
    ],
    [
      'no facts',
      (lines: Line[]) => lines.filter(({ topic }) => !String(topic).endsWith(TOPIC.connectionStatus)),
      'nothing in it could be judged',
    ],
    ['no records', () => [{ hello: 'world' }], 'no line of a slice'],
  ])('refuses a slice with %s', async (_what, change, words) => {
    const { code, stderr } = await changed(change);
    expect(code).toBe(3);
    expect(stderr).toContain(words);
  });
});
