import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spiffeId } from '#libs/contracts';
import { ensurePki } from '#libs/pki';
import { ConfigurationError, loadConfig } from '#libs/platform';
import { BrokerConfig } from './config.ts';

const FILE = fileURLToPath(import.meta.url);
const PKI = mkdtempSync(join(tmpdir(), 'trunkline-broker-config-'));
beforeAll(async () => {
  await ensurePki(PKI, [{ name: 'broker-1', uri: spiffeId('east', 'broker', 'broker-1') }], Date.now());
  writeFileSync(join(PKI, 'short.key'), 'abcd\n');
});
afterAll(() => rmSync(PKI, { recursive: true }));

const ENV = {
  TRUNKLINE_AGENT_ID: 'broker-1',
  TRUNKLINE_REGION: 'east',
  TRUNKLINE_TLS_CA: FILE,
  TRUNKLINE_TLS_CERT: join(PKI, 'broker-1.crt'),
  TRUNKLINE_TLS_KEY: FILE,
  TRUNKLINE_ADMIN_PORT: '7543',
  TRUNKLINE_BROKER_PORT: '7443',
  TRUNKLINE_CODE_KEY: join(PKI, 'code.key'),
  TRUNKLINE_CODE_REGIONS: 'E=east,W=west',
};

function linesOf(env: Record<string, string>): string[] {
  try {
    loadConfig(BrokerConfig, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.lines;
    throw error;
  }
  return [];
}
const namesOf = (lines: string[]): string[] => lines.map((line) => line.slice(0, line.indexOf(':'))).sort();

describe('the configuration of a broker', () => {
  it('needs nothing but who it is, its files, its ports and the regions of codes', () => {
    expect(linesOf(ENV)).toEqual([]);
    expect(namesOf(linesOf({}))).toEqual([
      ...['TRUNKLINE_ADMIN_PORT', 'TRUNKLINE_AGENT_ID', 'TRUNKLINE_BROKER_PORT', 'TRUNKLINE_CODE_KEY'],
      ...['TRUNKLINE_CODE_REGIONS', 'TRUNKLINE_REGION', 'TRUNKLINE_TLS_CA', 'TRUNKLINE_TLS_CERT'],
      'TRUNKLINE_TLS_KEY',
    ]);
  });

  it.each([
    ['TRUNKLINE_CODE_REGIONS', 'east'],
    ['TRUNKLINE_CODE_REGIONS', 'EE=east'],
    ['TRUNKLINE_CODE_REGIONS', 'U=east'],
    ['TRUNKLINE_CODE_REGIONS', 'E=east,E=west'],
    ['TRUNKLINE_CODE_REGIONS', 'E=east,W=east'],
    ['TRUNKLINE_CODE_REGIONS', 'W=west'],
    ['TRUNKLINE_CODE_KEY', FILE],
    ['TRUNKLINE_CODE_KEY', join(PKI, 'short.key')],
    ['TRUNKLINE_CODE_KEY', '/nowhere'],
    ['TRUNKLINE_LEG_BUFFER_BYTES', '1000'],
    ['TRUNKLINE_SILENCE_MS', '10'],
    ['TRUNKLINE_BROKER_HOST', '0.0.0.0'],
    ['TRUNKLINE_CAPACITY', '-1'],
    ['TRUNKLINE_CODE_LIFE_MS', '1'],
  ])('does not take %s=%j', (variable, given) => {
    expect(namesOf(linesOf({ ...ENV, [variable]: given }))).toEqual([variable]);
  });

  it('does not take the certificate of another broker', () => {
    const lines = linesOf({ ...ENV, TRUNKLINE_AGENT_ID: 'broker-2' });
    expect(lines).toEqual([expect.stringContaining('must name spiffe://trunkline/east/broker/broker-2')]);
  });

  it('may listen everywhere when it says where it is dialled', () => {
    const env = { ...ENV, TRUNKLINE_BROKER_HOST: '0.0.0.0', TRUNKLINE_ADDRESS: 'broker-1.example:7443' };
    expect(linesOf(env)).toEqual([]);
  });
});
