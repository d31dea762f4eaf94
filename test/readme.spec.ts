import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { variablesOf } from '#libs/platform';
import { BrokerConfig } from '../apps/broker/src/config.ts';
import { ControllerConfig, timingVariable } from '../apps/central-controller/src/config.ts';
import { CliConfig } from '../apps/cli/src/config.ts';
import { SimulatorConfig } from '../apps/iso8583-simulator/src/config.ts';
import { SidecarConfig } from '../apps/sidecar/src/config.ts';
import { WanConfig } from '../apps/wan-simulator/src/config.ts';
import { ROOT } from '../deploy/local/paths.mjs';
import { TIMING } from '../libs/contracts/src/limits.ts';
import { trackedFiles } from './support/sources.ts';

const README = join(ROOT, 'README.md');
const BEGIN = '<!-- configuration: begin (kept equal to the programs by test/readme.spec.ts) -->\n';
const END = '<!-- configuration: end -->';

const PROGRAMS = [
  { name: 'central-controller', schema: ControllerConfig },
  { name: 'sidecar', schema: SidecarConfig },
  { name: 'broker', schema: BrokerConfig },
  { name: 'iso8583-simulator', schema: SimulatorConfig },
  { name: 'wan-simulator', schema: WanConfig },
  { name: 'trunkline', schema: CliConfig },
] as const;

function row(variable: string, fallback: unknown, about: string): string {
  const value = Array.isArray(fallback) ? fallback.join(',') : fallback === undefined ? '' : `${fallback}`;
  return `| \`${variable}\` | ${value === '' ? '' : `\`${value}\``} | ${about.replaceAll('|', '\\|')} |`;
}

function table(name: string, rows: readonly string[]): string {
  const head = `| variable of \`${name}\` | default | meaning |\n| --- | --- | --- |\n`;
  return `<details>\n<summary><code>${name}</code></summary>\n\n${head}${rows.join('\n')}\n\n</details>\n`;
}

/** The configuration chapter, from the programs' own configuration classes. */
function configuration(): string {
  const tables = PROGRAMS.map(({ name, schema }) => {
    const defaults = new schema() as unknown as Record<string, unknown>;
    return table(
      name,
      variablesOf(schema).map(({ variable, property, about }) => row(variable, defaults[property], about)),
    );
  });
  const timings = Object.entries(TIMING).map(([name, fallback]) =>
    row(timingVariable(name as keyof typeof TIMING), fallback, `overrides \`${name}\` of libs/contracts`),
  );
  return `\n${[...tables, table('central-controller: timings', timings)].join('\n')}\n`;
}

describe('the README', () => {
  const text = readFileSync(README, 'utf8');

  it('lists every variable of every program as the program documents it', () => {
    const from = text.indexOf(BEGIN) + BEGIN.length;
    const to = text.indexOf(END);
    expect(from).toBeGreaterThan(BEGIN.length);
    const expected = configuration();
    // `UPDATE_README=1 npm test -- unit` writes it, after a variable was added.
    if (process.env.UPDATE_README === '1')
      writeFileSync(README, text.slice(0, from) + expected + text.slice(to));
    else expect(text.slice(from, to)).toBe(expected);
  });

  it('says the versions that are pinned', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const pom = readFileSync(join(ROOT, 'deploy/local/pom.xml'), 'utf8');
    const jars = [
      ...pom.matchAll(
        /<groupId>(.*)<\/groupId>\s*<artifactId>(.*)<\/artifactId>\s*<version>(.*)<\/version>/g,
      ),
    ];
    const pinned = new Map<string, string>([
      ...Object.entries<string>({ ...dependencies, ...devDependencies }),
      ...jars.map(([, group, artifact, version]) => [`${group}:${artifact}`, version ?? ''] as const),
    ]);
    const chapter = text.slice(text.indexOf('## Versions'), text.indexOf('## Further reading'));
    const rows = [...chapter.matchAll(/^\| `(.+?)` \| `(.+?)` \|/gm)];
    expect(rows.length).toBeGreaterThan(3);
    for (const [, name = '', version] of rows) {
      expect(`${name} ${pinned.get(name)?.replace(/^npm:.*@/, '')}`).toBe(`${name} ${version}`);
    }
  });
});

describe('every document', () => {
  const documents = trackedFiles().filter((path) => path.endsWith('.md'));

  it('links to what is there, headings included', () => {
    expect(documents.length).toBeGreaterThan(10);
    expect(documents.flatMap(brokenLinks)).toEqual([]);
  });
});

/** Links of one document to other files, and to headings, that lead nowhere. */
function brokenLinks(document: string): string[] {
  return [...proseOf(document).matchAll(/\]\((?!https?:|mailto:)<?([^)>\s#]*)(?:#([^)>\s]*))?/g)]
    .filter(([, path = '', heading]) => {
      const target = path === '' ? document : join(dirname(document), path);
      if (!existsSync(join(ROOT, target))) return true;
      return heading !== undefined && target.endsWith('.md') && !headingsOf(target).includes(heading);
    })
    .map(([link]) => `${document}: ${link})`);
}

/** Code is no prose: what looks like a link in it is none. */
function proseOf(document: string): string {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return text
    .replaceAll(/^ *```[\s\S]*?^ *```/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll('](', ''));
}

/** Headings as links name them: lower case, spaces as hyphens, nothing but letters, digits, hyphens, underscores. */
function headingsOf(document: string): string[] {
  return [...proseOf(document).matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) =>
    heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
