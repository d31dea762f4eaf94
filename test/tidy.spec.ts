import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ROOT } from '../deploy/local/paths.mjs';
import { importsOf, longFunctions, readSource, type Source, trackedFiles } from './support/sources.ts';

/** Style and structure as a test: what DESIGN's layout table allows and forbids. */

const FILE_LINES = 300;
const FUNCTION_LINES = 70;
/** Files that say more than `FILE_LINES` lines in one piece, each with its reason. */
const LONG_FILES: Readonly<Record<string, string>> = {};

const TOP_LEVEL = [
  ...['apps', 'bin', 'deploy', 'docs', 'libs', 'proto', 'test', 'tools', '.ci'],
  ...['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md'],
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'],
  ...['.gitignore', '.swcrc', '.oxlintrc.json', '.dependency-cruiser.cjs', 'biome.json', 'jest.config.js'],
];

/** What each lib and app may use of the libs; imports go downward only. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  'libs/contracts': [],
  'libs/domain': ['contracts'],
  'libs/platform': [],
  'libs/pki': [],
  'libs/log': ['contracts'],
  'libs/registry': ['contracts', 'domain'],
  'libs/relay': ['contracts'],
  'libs/endpoint': ['contracts', 'relay', 'pki'],
  'libs/agent': ['contracts', 'log', 'platform', 'relay'],
  'apps/console': [],
  'apps/cli': ['contracts', 'domain', 'endpoint', 'log', 'pki', 'platform'],
  'apps/central-controller': ['contracts', 'domain', 'log', 'platform', 'registry', 'relay'],
  'apps/broker': ['agent', 'contracts', 'log', 'platform', 'relay'],
  'apps/sidecar': ['agent', 'contracts', 'log', 'platform', 'relay'],
  'apps/iso8583-simulator': ['platform', 'relay'],
  'apps/wan-simulator': ['platform'],
};

/** Packages that one lib wraps for everybody. */
const ONLY_IN: Readonly<Record<string, string>> = {
  kafkajs: 'libs/log',
  ioredis: 'libs/registry',
  pino: 'libs/platform',
  'prom-client': 'libs/platform',
  '@opentelemetry/sdk-trace-base': 'libs/platform',
  '@opentelemetry/exporter-trace-otlp-http': 'libs/platform',
  'rate-limiter-flexible': 'apps/broker',
  '@peculiar/x509': 'libs/pki',
};

/** Pure: no I/O and no Node, no framework. */
const PURE = ['libs/domain', 'libs/contracts'];
const IMPURE_IMPORT = /^(node:|@nestjs\/|kafkajs|ioredis|pino|prom-client|@opentelemetry)/;
const CLOCK_OR_CHANCE = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(|\brandomUUID\(/;

const files = trackedFiles();
const sources = files.filter((path) => /\.(ts|mjs|js|cjs)$/.test(path)).map(readSource);
const product = sources.filter(({ path }) => /^(apps|libs)\//.test(path));
const compiled = product.filter(({ path }) => !path.endsWith('.spec.ts'));
const homeOf = (path: string) => path.split('/').slice(0, 2).join('/');
const breaches = (among: readonly Source[], look: (source: Source) => readonly string[]) =>
  among.flatMap((source) => look(source).map((what) => `${source.path}: ${what}`));

describe('imports', () => {
  it('go downward only, as the layout table says', () => {
    const found = breaches(compiled, (source) =>
      importsOf(source).filter((name) => {
        const lib = /^#libs\/([^/]+)/.exec(name)?.[1];
        return lib !== undefined && !(MAY_USE[homeOf(source.path)] ?? []).includes(lib);
      }),
    );
    expect(found).toEqual([]);
  });

  it('name a lib by its index, and stay within their own app or lib otherwise', () => {
    const found = breaches(product, (source) =>
      importsOf(source).filter((name) => {
        if (name.startsWith('#libs/')) return !/^#libs\/[^/]+$/.test(name);
        if (!name.startsWith('.')) return false;
        return homeOf(normalize(join(dirname(source.path), name))) !== homeOf(source.path);
      }),
    );
    // Tests may use the helpers of the tests.
    expect(found.filter((line) => !/\.spec\.ts: .*\/test\/support\//.test(line))).toEqual([]);
  });

  it('of a wrapped package stand in the lib that wraps it', () => {
    const found = breaches(compiled, (source) =>
      importsOf(source).filter(
        (name) => ONLY_IN[name] !== undefined && ONLY_IN[name] !== homeOf(source.path),
      ),
    );
    expect(found).toEqual([]);
  });

  it('of relative files end in .ts', () => {
    const found = breaches(
      product.filter(({ path }) => path.endsWith('.ts')),
      (source) => importsOf(source).filter((name) => name.startsWith('.') && !/\.(ts|mjs|json)$/.test(name)),
    );
    expect(found).toEqual([]);
  });
});

describe('the pure libs', () => {
  const pure = compiled.filter(({ path }) => PURE.includes(homeOf(path)));

  it('import nothing that does I/O', () => {
    expect(breaches(pure, (source) => importsOf(source).filter((name) => IMPURE_IMPORT.test(name)))).toEqual(
      [],
    );
  });

  it('read no clock and throw no dice', () => {
    expect(breaches(pure, ({ text }) => text.match(CLOCK_OR_CHANCE) ?? [])).toEqual([]);
  });
});

describe('the sources', () => {
  it('read the environment only in libs/platform and where a program is configured', () => {
    const elsewhere = compiled.filter(
      ({ path }) => homeOf(path) !== 'libs/platform' && !/^apps\/[^/]+\/src\/config\.ts$/.test(path),
    );
    expect(breaches(elsewhere, ({ text }) => text.match(/\bprocess\.env\b/g) ?? [])).toEqual([]);
  });

  it('keep files short', () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ path, lines }) => lines > FILE_LINES && LONG_FILES[path] === undefined)
      .map(({ path, lines }) => `${path}: ${lines} lines`);
    expect(long).toEqual([]);
  });

  it('keep functions short', () => {
    const long = sources.flatMap((source) => longFunctions(source, FUNCTION_LINES));
    expect(long).toEqual([]);
  });

  it('export by name', () => {
    const found = breaches(product, ({ text }) => text.match(/^export default .*/gm) ?? []);
    expect(found).toEqual([]);
  });

  it('leave nothing to be done later', () => {
    const marks = new RegExp(
      `\\b(${['TO', 'FIX', 'X'].map((begin, i) => begin + ['DO', 'ME', 'XX'][i]).join('|')})\\b`,
    );
    expect(breaches(sources, ({ text }) => text.match(marks) ?? [])).toEqual([]);
  });
});

describe('the tests', () => {
  const tests = sources.filter(({ path }) => /spec\.ts$/.test(path) || path.startsWith('test/'));

  it('are all run', () => {
    const begun = /\b(?:it|test|describe)\.(?:only|skip|todo)\b|\b(?:fit|fdescribe|xit|xdescribe)\(/g;
    const found = breaches(tests, ({ text }) => text.match(begun) ?? []);
    // The one place that leaves a test to the long command.
    expect(found.filter((line) => !line.startsWith('test/support/length.ts'))).toEqual([]);
  });

  it('wait on conditions, never on time alone', () => {
    const sleep = /setTimeout\(\s*(?:resolve|done|r)\b|\btimers\/promises\b|=>\s*setTimeout\(/g;
    const found = breaches(tests, ({ text }) => text.match(sleep) ?? []);
    // The one place to wait, and the measurements, which are no tests.
    expect(found.filter((line) => !/^test\/(support\/wait-for\.ts|bench\/)/.test(line))).toEqual([]);
  });
});

describe('the repository', () => {
  it('has only the top-level entries that the layout names', () => {
    const entries = new Set(files.map((path) => path.split('/')[0] ?? ''));
    expect([...entries].filter((entry) => !TOP_LEVEL.includes(entry))).toEqual([]);
  });

  it('has a README in each app and lib, and lists each for the Nest CLI', () => {
    const homes = ['apps', 'libs'].flatMap((kind) =>
      existsSync(join(ROOT, kind)) ? readdirSync(join(ROOT, kind)).map((name) => `${kind}/${name}`) : [],
    );
    expect(homes.filter((home) => !existsSync(join(ROOT, home, 'README.md')))).toEqual([]);
    const { projects } = JSON.parse(readSource('nest-cli.json').text);
    const listed = Object.values(projects as Record<string, { root: string }>).map(({ root }) => root);
    expect(listed.sort()).toEqual(homes.sort());
    expect(Object.keys(MAY_USE).sort()).toEqual(homes.sort());
  });

  it('names no machine, no package host and nobody who wrote it', () => {
    // Spelt in pieces, so that this file does not hold what it forbids.
    const words = [
      ['clau', 'de'],
      ['anthro', 'pic'],
      ['chat', 'gpt'],
      ['copi', 'lot'],
      ['language ', 'model'],
    ];
    const forbidden = [
      new RegExp(words.map((pieces) => pieces.join('')).join('|'), 'i'),
      /(?<![\w.])\/(?:work|root|home\/\w+|Users\/\w+)\/\w+/,
      /\/tmp\/(?:plan|dev|jars|bash)/,
      /"resolved": *"|\bregistry\.(?:npmjs|yarnpkg)\./,
    ];
    const texts = files.filter((path) => !/\.(png|webp|svg|ico|bin|woff2?)$/.test(path)).map(readSource);
    const found = breaches(texts, ({ text }) =>
      forbidden.flatMap((pattern) => text.match(pattern)?.[0] ?? []),
    );
    expect(found.filter((line) => !line.startsWith('test/tidy.spec.ts'))).toEqual([]);
  });

  it('pins every package to one version', () => {
    const { dependencies, devDependencies } = JSON.parse(readSource('package.json').text);
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^(npm:@?[\w/.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version)),
    );
    expect(loose).toEqual([]);
  });
});
