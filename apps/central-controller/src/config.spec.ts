import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spiffeId, TIMING } from '#libs/contracts';
import { ensurePki } from '#libs/pki';
import { ConfigurationError } from '#libs/platform';
import { isLoopback, loadConfiguration, timingVariable } from './config.ts';
import { PARTS } from './part-names.ts';

describe('the configuration', () => {
  let folder: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'trunkline-config-'));
    writeFileSync(join(folder, 'token'), '  0123456789abcdef0123\n');
    writeFileSync(join(folder, 'short'), 'abc');
    const members = [
      { name: 'controller', uri: spiffeId('east', 'central-controller', 'controller-east') },
      { name: 'other', uri: spiffeId('west', 'central-controller', 'controller-west') },
      { name: 'sidecar', uri: spiffeId('east', 'client-sidecar', 'bank-client-1') },
    ];
    await ensurePki(folder, members, Date.now());
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    env = {
      TRUNKLINE_REGION: 'east',
      TRUNKLINE_TOKEN_FILE: join(folder, 'token'),
      ...certificate('controller'),
    };
  });
  const certificate = (name: string) => ({
    TRUNKLINE_TLS_CA: join(folder, 'ca.crt'),
    TRUNKLINE_TLS_CERT: join(folder, `${name}.crt`),
    TRUNKLINE_TLS_KEY: join(folder, `${name}.key`),
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

  it('has a default for all but region, token and certificate', () => {
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
      TRUNKLINE_TLS_CA: join(folder, 'missing'),
      TRUNKLINE_TLS_CERT: join(folder, 'missing'),
      TRUNKLINE_TLS_KEY: join(folder, 'missing'),
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

  it('knows its peers, each by its region, and speaks to them under its own certificate', () => {
    env.TRUNKLINE_REGIONS = 'east,west,north';
    env.TRUNKLINE_PEERS = 'west=127.0.0.1:9190,north=controller.north:9090';
    const { peers, tls, config } = loadConfiguration(env);
    expect(peers).toEqual([
      { region: 'west', address: '127.0.0.1:9190' },
      { region: 'north', address: 'controller.north:9090' },
    ]);
    expect(tls?.cert).toContain('BEGIN CERTIFICATE');
    expect([config.grpcHost, config.grpcPort]).toEqual(['127.0.0.1', 9090]);
  });

  it.each([
    ['east=127.0.0.1:1', 'its own region'],
    ['south=127.0.0.1:1', 'TRUNKLINE_REGIONS must name it'],
    ['west', 'region=host:port'],
    ['west=127.0.0.1:1,west=127.0.0.1:2', 'unique'],
  ])('refuses the peers %s', (peers, problem) => {
    env.TRUNKLINE_REGIONS = 'east,west';
    env.TRUNKLINE_PEERS = peers;
    expect(problems()).toContainEqual(expect.stringMatching(new RegExp(`^TRUNKLINE_PEERS: .*${problem}`)));
  });

  it('refuses a certificate that every peer would refuse', () => {
    for (const name of ['other', 'sidecar']) {
      Object.assign(env, certificate(name));
      expect(problems()).toEqual([
        expect.stringMatching(/^TRUNKLINE_TLS_CERT: .*must name .*east\/central-controller/),
      ]);
    }
    env.TRUNKLINE_TLS_CERT = join(folder, 'token');
    expect(problems()).toEqual([expect.stringMatching(/^TRUNKLINE_TLS_CERT: .*no certificate/)]);
  });

  it('needs certificates for the door and to ask peers, and for nothing else', () => {
    env = { TRUNKLINE_REGION: 'east', TRUNKLINE_REGIONS: 'east,west', TRUNKLINE_PARTS: 'control-loop' };
    expect(problems()).toEqual([]);
    const three = [
      /^TRUNKLINE_TLS_CA: not set/,
      /^TRUNKLINE_TLS_CERT: not set/,
      /^TRUNKLINE_TLS_KEY: not set/,
    ];
    const wanted = three.map((line) => expect.stringMatching(line));
    env.TRUNKLINE_PEERS = 'west=127.0.0.1:1';
    expect(problems()).toEqual(wanted);
    env = { TRUNKLINE_REGION: 'east', TRUNKLINE_PARTS: 'failover' };
    expect(problems()).toEqual(wanted);
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
