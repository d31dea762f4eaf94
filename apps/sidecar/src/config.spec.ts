import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spiffeId } from '#libs/contracts';
import { ensurePki } from '#libs/pki';
import { ConfigurationError, loadConfig, variablesOf } from '#libs/platform';
import { SidecarConfig } from './config.ts';

const FILE = fileURLToPath(import.meta.url);
const PKI = mkdtempSync(join(tmpdir(), 'trunkline-sidecar-config-'));
beforeAll(async () => {
  const member = (role: 'client' | 'server') => ({
    name: role,
    uri: spiffeId('east', `${role}-sidecar`, 'bank-client-1'),
  });
  await ensurePki(PKI, [member('client'), member('server')], Date.now());
});
afterAll(() => rmSync(PKI, { recursive: true }));
const COMMON = {
  TRUNKLINE_AGENT_ID: 'bank-client-1',
  TRUNKLINE_REGION: 'east',
  TRUNKLINE_TLS_CA: FILE,
  TRUNKLINE_TLS_KEY: FILE,
  TRUNKLINE_ADMIN_PORT: '18683',
};
const CLIENT = {
  ...COMMON,
  TRUNKLINE_ROLE: 'client',
  TRUNKLINE_TLS_CERT: join(PKI, 'client.crt'),
  TRUNKLINE_APPLICATION_PORTS: '18583,dial:10.0.0.1:9000',
  TRUNKLINE_LINKS: JSON.stringify([
    { connection_id: 'bank-client-1:primary', server_group: 'scheme', port: 18583 },
  ]),
};
const SERVER = {
  ...COMMON,
  TRUNKLINE_ROLE: 'server',
  TRUNKLINE_TLS_CERT: join(PKI, 'server.crt'),
  TRUNKLINE_LINK_PORT: '28583',
  TRUNKLINE_SERVER_GROUP: 'scheme',
  TRUNKLINE_POOL: JSON.stringify([{ host: '127.0.0.1', port: 18783, max_connections: 10 }]),
};

function linesOf(env: Record<string, string>): string[] {
  try {
    loadConfig(SidecarConfig, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.lines;
    throw error;
  }
  return [];
}

describe('the configuration of a sidecar', () => {
  it('is read for each role, which needs nothing of the other', () => {
    expect(loadConfig(SidecarConfig, CLIENT)).toMatchObject({
      role: 'client',
      holdMs: 2_000,
      cutover: 'reset',
    });
    expect(loadConfig(SidecarConfig, SERVER)).toMatchObject({
      role: 'server',
      leaseMs: 60_000,
      capacity: 1_000,
    });
  });

  it('names every variable that is wrong, with what was given, at once', () => {
    const lines = linesOf({
      ...CLIENT,
      TRUNKLINE_AGENT_ID: 'not a name',
      TRUNKLINE_ADMIN_PORT: '70000',
      TRUNKLINE_CUTOVER: 'sometimes',
      TRUNKLINE_TLS_KEY: '/nowhere/key.pem',
      TRUNKLINE_FRAMING_SKIP: 'five',
    });
    expect(lines.map((line) => line.slice(0, line.indexOf(':'))).sort()).toEqual([
      'TRUNKLINE_ADMIN_PORT',
      'TRUNKLINE_AGENT_ID',
      'TRUNKLINE_CUTOVER',
      'TRUNKLINE_FRAMING_SKIP',
      'TRUNKLINE_LINKS',
      'TRUNKLINE_TLS_KEY',
    ]);
    expect(lines.join()).toContain('"70000"');
    expect(lines.join()).toContain('/nowhere/key.pem');
  });

  it('tells of a certificate of another and of an address to dial with everything else', () => {
    const lines = linesOf({
      ...SERVER,
      TRUNKLINE_TLS_CERT: join(PKI, 'client.crt'),
      TRUNKLINE_LINK_HOST: '0.0.0.0',
      TRUNKLINE_CAPACITY: 'many',
    });
    expect(lines.sort()).toEqual([
      expect.stringMatching(/^TRUNKLINE_CAPACITY: "many"; /),
      'TRUNKLINE_LINK_HOST: "0.0.0.0"; nobody can dial this, so TRUNKLINE_ADDRESS must be set',
      expect.stringMatching(
        /^TRUNKLINE_TLS_CERT: .*client-sidecar\/bank-client-1; it must name .*server-sidecar\/bank-client-1$/,
      ),
    ]);
    expect(linesOf({ ...SERVER, TRUNKLINE_LINK_HOST: '::', TRUNKLINE_ADDRESS: 'edge:28583' })).toEqual([]);
  });

  it('does not take a file that is no certificate', () => {
    expect(linesOf({ ...CLIENT, TRUNKLINE_TLS_CERT: FILE })).toEqual([
      `TRUNKLINE_TLS_CERT: ${JSON.stringify(FILE)}; must be a certificate that names one agent`,
    ]);
  });

  it.each(['259', '65536', 'all'])('does not take %s bytes for the limit of a message', (bytes) => {
    expect(linesOf({ ...CLIENT, TRUNKLINE_FRAMING_MAX_BYTES: bytes })).toEqual([
      expect.stringContaining('TRUNKLINE_FRAMING_MAX_BYTES'),
    ]);
  });

  it('never shows the URL of a /control: it may hold a password', () => {
    expect(linesOf({ ...CLIENT, TRUNKLINE_CONTROL_URL: 'ftp://user:password@bank' })).toEqual([
      'TRUNKLINE_CONTROL_URL: (given, not shown); must be an http URL',
    ]);
  });

  it('says that nothing was set', () => {
    expect(linesOf({})).toContainEqual(expect.stringMatching(/^TRUNKLINE_ROLE: not set; /));
  });

  it.each([
    ['no JSON', '{'],
    ['no list', '{}'],
    ['another client', JSON.stringify([{ connection_id: 'other:primary', server_group: 'scheme' }])],
    ['no server group', JSON.stringify([{ connection_id: 'bank-client-1:a' }])],
    [
      'a member nobody knows',
      JSON.stringify([{ connection_id: 'bank-client-1:a', server_group: 's', servers: 1 }]),
    ],
    [
      'a port that is not one of its own',
      JSON.stringify([{ connection_id: 'bank-client-1:a', server_group: 's', port: 1 }]),
    ],
    [
      'metadata that no request may carry',
      JSON.stringify([
        { connection_id: 'bank-client-1:a', server_group: 's', metadata: { note: 'x'.repeat(4_096) } },
      ]),
    ],
    [
      'the same link twice',
      JSON.stringify([1, 2].map(() => ({ connection_id: 'bank-client-1:a', server_group: 's' }))),
    ],
  ])('does not take links with %s', (_what, links) => {
    expect(linesOf({ ...CLIENT, TRUNKLINE_LINKS: links })).toEqual([
      expect.stringContaining('TRUNKLINE_LINKS'),
    ]);
  });

  it.each([
    ['no entry', '[]'],
    ['no port', JSON.stringify([{ host: 'a', max_connections: 1 }])],
    ['no room', JSON.stringify([{ host: 'a', port: 1, max_connections: 0 }])],
    [
      'a file that cannot be read',
      JSON.stringify([{ host: 'a', port: 1, max_connections: 1, tls: { ca: '/nowhere' } }]),
    ],
    ['a member nobody knows', JSON.stringify([{ host: 'a', port: 1, max_connections: 1, weight: 1 }])],
  ])('does not take a pool with %s', (_what, pool) => {
    expect(linesOf({ ...SERVER, TRUNKLINE_POOL: pool })).toEqual([expect.stringContaining('TRUNKLINE_POOL')]);
  });

  it('does not take an application port twice', () => {
    expect(linesOf({ ...CLIENT, TRUNKLINE_APPLICATION_PORTS: '18583,18583' })).toEqual([
      expect.stringContaining('TRUNKLINE_APPLICATION_PORTS'),
    ]);
  });

  it('documents each variable once', () => {
    const variables = variablesOf(SidecarConfig).map(({ variable }) => variable);
    expect(new Set(variables).size).toBe(variables.length);
  });
});
