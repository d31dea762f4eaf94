import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import {
  brokenLeaves,
  ensurePki,
  type KeyPairPem,
  LEAF_VALIDITY_MS,
  RENEW_BEFORE_MS,
  readAuthority,
} from './index.ts';

const NOW_MS = Date.parse('2026-06-01T00:00:00Z');
const MEMBERS = [
  { name: 'bank-client-1', uri: 'spiffe://trunkline/east/client-sidecar/bank-client-1' },
  { name: 'operator', uri: 'spiffe://trunkline/endpoint/operator' },
];

describe('the development PKI', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trunkline-pki-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const read = (file: string) => readFileSync(join(dir, file), 'utf8');

  it('writes an authority, a pair for each member and the code key, keys for their owner alone', async () => {
    await ensurePki(dir, MEMBERS, NOW_MS);
    expect(readdirSync(dir).sort()).toEqual([
      'bank-client-1.crt',
      'bank-client-1.key',
      'ca.crt',
      'ca.key',
      'code.key',
      'operator.crt',
      'operator.key',
    ]);
    for (const file of readdirSync(dir).filter((name) => name.endsWith('.key'))) {
      expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    }
    expect(read('code.key')).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it('gives leaves their identity, localhost and 127.0.0.1, for both ends of TLS, signed by the authority', async () => {
    await ensurePki(dir, MEMBERS, NOW_MS);
    const authority = new X509Certificate(read('ca.crt'));
    const leaf = new X509Certificate(read('bank-client-1.crt'));
    expect(leaf.subjectAltName).toBe(
      'URI:spiffe://trunkline/east/client-sidecar/bank-client-1, DNS:localhost, IP Address:127.0.0.1',
    );
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
    expect(leaf.ca).toBe(false);
    expect(authority.ca).toBe(true);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(Date.parse(leaf.validTo)).toBe(NOW_MS + LEAF_VALIDITY_MS);
  });

  it('keeps what is good, byte for byte', async () => {
    await ensurePki(dir, MEMBERS, NOW_MS);
    const before = readdirSync(dir).map(read);
    expect(await ensurePki(dir, MEMBERS, NOW_MS + 1_000)).toEqual([]);
    expect(readdirSync(dir).map(read)).toEqual(before);
  });

  it('makes anew what is about to expire, damaged, another identity or torn by a kill', async () => {
    await ensurePki(dir, MEMBERS, NOW_MS);
    const late = NOW_MS + LEAF_VALIDITY_MS - RENEW_BEFORE_MS;
    expect(await ensurePki(dir, MEMBERS, late)).toEqual(['bank-client-1', 'operator']);
    writeFileSync(join(dir, 'operator.crt'), 'not a certificate');
    expect(await ensurePki(dir, MEMBERS, late)).toEqual(['operator']);
    writeFileSync(join(dir, 'operator.key'), read('bank-client-1.key'));
    expect(await ensurePki(dir, MEMBERS, late)).toEqual(['operator']);
    const moved = MEMBERS.map((member) => ({ ...member, uri: member.uri.replace('east', 'west') }));
    expect(await ensurePki(dir, moved, late)).toEqual(['bank-client-1']);
    rmSync(join(dir, 'ca.key'));
    expect(await ensurePki(dir, moved, late)).toEqual(['ca', 'bank-client-1', 'operator']);
  });

  it('names the hosts that it was told, and makes anew what does not', async () => {
    await ensurePki(dir, MEMBERS, NOW_MS);
    const dnsNames = ['localhost', 'broker-us-1.company.com'];
    const [member] = MEMBERS.map((each) => ({ ...each, dnsNames }));
    if (!member) throw new Error('no member');
    expect(await ensurePki(dir, [member], NOW_MS)).toEqual([member.name]);
    expect(new X509Certificate(read(`${member.name}.crt`)).subjectAltName).toContain(
      'DNS:localhost, DNS:broker-us-1.company.com, IP Address:127.0.0.1',
    );
    expect(await ensurePki(dir, [member], NOW_MS)).toEqual([]);
  });

  it('makes broken leaves that a TLS peer refuses, or whose identity is another', async () => {
    const nowMs = Date.now();
    await ensurePki(dir, MEMBERS, nowMs);
    const authority = readAuthority(dir);
    const member = MEMBERS[0] as (typeof MEMBERS)[0];
    const good = { cert: read('operator.crt'), key: read('operator.key') };
    const broken = await brokenLeaves(authority, member, nowMs);
    expect(
      await presented(authority.cert, good, {
        cert: read('bank-client-1.crt'),
        key: read('bank-client-1.key'),
      }),
    ).toBe(member.uri);
    expect(await presented(authority.cert, good, broken.expired)).toBe('CERT_HAS_EXPIRED');
    expect(await presented(authority.cert, good, broken.notYetValid)).toBe('CERT_NOT_YET_VALID');
    expect(await presented(authority.cert, good, broken.otherAuthority)).toMatch(
      /UNABLE_TO|SELF_SIGNED|ISSUER/,
    );
    expect(await presented(authority.cert, good, broken.otherIdentity)).toBe(`${member.uri}-other`);
  });
});

/** What a TLS server makes of a client's certificate: its identity, or the code of the refusal. */
async function presented(ca: string, server: KeyPairPem, client: KeyPairPem): Promise<string> {
  const listener = createServer({ ca, ...server, requestCert: true, rejectUnauthorized: false });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  const accepted = new Promise<TLSSocket>((resolve) => listener.once('secureConnection', resolve));
  const dialled = connect({ host: '127.0.0.1', port, ca, ...client });
  try {
    const socket = await accepted;
    if (!socket.authorized) return String(socket.authorizationError);
    return /URI:([^,]+)/.exec(socket.getPeerCertificate().subjectaltname ?? '')?.[1] ?? '';
  } finally {
    dialled.destroy();
    listener.close();
  }
}
