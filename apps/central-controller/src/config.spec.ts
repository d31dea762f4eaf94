import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TIMING } from '#libs/contracts';
import { ConfigurationError } from '#libs/platform';
import { isLoopback, loadConfiguration, timingVariable } from './config.ts';
import { PARTS } from './part-names.ts';

describe('the configuration', () => {
  let folder: string;
  let env: Record<string, string>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'trunkline-config-'));
    writeFileSync(join(folder, 'token'), '  0123456789abcdef0123\n');
    writeFileSync(join(folder, 'short'), 'abc');
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    env = { TRUNKLINE_REGION: 'east', TRUNKLINE_TOKEN_FILE: join(folder, 'token') };
  });

  const problems = (): string[] => {
    try {
      loadConfiguration(env);
    } catch (error) {
      if (error instanceof ConfigurationError) return error.lines;
      throw error;
    }
    return [];
  };

  it('has a default for all but region and token', () => {
    const { config, timings, token } = loadConfiguration(env);
    expect(config).toMatchObject({ regions: ['east'], parts: PARTS, httpHost: '127.0.0.1', httpPort: 8080 });
    expect(timings).toEqual(TIMING);
    expect(token).toBe('0123456789abcdef0123');
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes each timing from the environment', () => {
    env[timingVariable('leaseMs')] = '7000';
    env.TRUNKLINE_REPORT_INTERVAL_MS = '1000';
    expect(loadConfiguration(env).timings).toMatchObject({ leaseMs: 7_000, reportIntervalMs: 1_000 });
  });

  it('names every variable that is wrong, what was given and what is allowed, at once', () => {
    env = {
      TRUNKLINE_REGION: 'ea.st',
      TRUNKLINE_KAFKA_BROKERS: 'nowhere',
      TRUNKLINE_REDIS_URL: 'http://redis',
      TRUNKLINE_PARTS: 'rest,gossip',
      TRUNKLINE_HTTP_PORT: '70000',
      TRUNKLINE_PARTITIONS: 'twelve',
      TRUNKLINE_LOG_LEVEL: 'loud',
      TRUNKLINE_DRAIN_MS: '-1',
    };
    const found = problems();
    const { TRUNKLINE_REDIS_URL, ...others } = env;
    for (const [variable, given] of Object.entries(others)) {
      expect(found.find((line) => line.startsWith(`${variable}:`))).toContain(JSON.stringify(given));
    }
    expect(found.find((line) => line.includes('TRUNKLINE_PARTS'))).toContain('health-monitor');
    expect(found.find((line) => line.startsWith('TRUNKLINE_REDIS_URL:'))).toContain('(given, not shown)');
    expect(found.join()).not.toContain(TRUNKLINE_REDIS_URL);
  });

  it('tells of the token file and of the regions with everything else', () => {
    env = {
      TRUNKLINE_REGION: 'east',
      TRUNKLINE_REGIONS: 'west',
      TRUNKLINE_TOKEN_FILE: join(folder, 'missing'),
      TRUNKLINE_HTTP_PORT: '70000',
      TRUNKLINE_LEASE_MS: 'long',
    };
    const variables = problems().map((line) => line.slice(0, line.indexOf(':')));
    expect(variables.sort()).toEqual(Object.keys(env).slice(1).sort());
  });

  it.each([
    ['', 'not set'],
    ['missing', 'ENOENT'],
    ['short', '16 characters'],
  ])('needs a token for rest (%s)', (file, problem) => {
    env.TRUNKLINE_TOKEN_FILE = file && join(folder, file);
    expect(problems()).toEqual([expect.stringMatching(new RegExp(`^TRUNKLINE_TOKEN_FILE: .*${problem}`))]);
  });

  it('needs no token where nothing is asked for by others', () => {
    env = { TRUNKLINE_REGION: 'east', TRUNKLINE_PARTS: 'projector' };
    expect(problems()).toEqual([]);
    env.TRUNKLINE_HTTP_HOST = '0.0.0.0';
    expect(problems()).toEqual([expect.stringContaining('TRUNKLINE_TOKEN_FILE')]);
  });

  it('does not read other regions and leave its own out', () => {
    env.TRUNKLINE_REGIONS = 'west,north';
    expect(problems()).toEqual(['TRUNKLINE_REGIONS: "west,north"; it must name east as well']);
  });

  it('knows what loopback is', () => {
    expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.example.com'].map(isLoopback)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
