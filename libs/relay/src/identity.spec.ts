import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { createAuthority, createSelfSigned, issueLeaf, type KeyPairPem } from '#libs/pki';
import { identityOfCertificate, identityOfPem, parseSpiffeName, peerCertificate } from './identity.ts';

async function certificate(uri: string): Promise<string> {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');
  return (await issueLeaf(await createAuthority('Test CA', nowMs), { name: 'x', uri }, nowMs)).cert;
}

describe('identities', () => {
  it('are read from the one SPIFFE name of a certificate, beside host names and addresses', async () => {
    const pem = await certificate('spiffe://trunkline/east/client-sidecar/bank-client-1');
    expect(identityOfPem(pem)).toEqual({ region: 'east', kind: 'client-sidecar', id: 'bank-client-1' });
  });

  it.each([
    'https://trunkline/east/client-sidecar/a',
    'spiffe://elsewhere/east/client-sidecar/a',
    'spiffe://trunkline/east/client-sidecar',
    'spiffe://trunkline/east/client-sidecar/a/b',
    'spiffe://trunkline/endpoint/a',
  ])('are not read from %s', async (uri) => {
    expect(parseSpiffeName(uri)).toBeUndefined();
    expect(identityOfPem(await certificate(uri))).toBeUndefined();
  });

  it('are not read from several URI names, nor from a name that pretends to be a list', () => {
    const named = (subjectAltName: string): X509Certificate => ({ subjectAltName }) as X509Certificate;
    const one = 'URI:spiffe://trunkline/east/client-sidecar/a';
    expect(identityOfCertificate(named(`DNS:localhost, ${one}`))?.id).toBe('a');
    expect(
      identityOfCertificate(named(`${one}, URI:spiffe://trunkline/east/client-sidecar/b`)),
    ).toBeUndefined();
    expect(identityOfCertificate(named(`DNS:"x, ${one}"`))).toBeUndefined();
    expect(identityOfCertificate(named(''))).toBeUndefined();
  });
});

describe('the certificate of a peer', () => {
  const nowMs = Date.now();
  let server: Server;
  const sockets: TLSSocket[] = [];

  /** The server's end of a connection, and the client's. */
  async function connected(shown: KeyPairPem, client?: KeyPairPem): Promise<readonly [TLSSocket, TLSSocket]> {
    server = createServer({ ...shown, requestCert: true, rejectUnauthorized: false }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
    const dialled = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...client });
    const [[here]] = await Promise.all([accepted, once(dialled, 'secureConnect')]);
    sockets.push(here, dialled);
    return [here, dialled];
  }

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  /** A leaf that is sent together with its authority's certificate. */
  async function chained(name: string): Promise<KeyPairPem> {
    const authority = await createAuthority('An authority', nowMs);
    const leaf = await issueLeaf(authority, { name, uri: `spiffe://trunkline/endpoint/${name}` }, nowMs);
    return { key: leaf.key, cert: `${leaf.cert}\n${authority.cert}` };
  }

  it('is what it showed, at both ends, however often it is read', async () => {
    const [here, there] = await connected(await chained('a'), await chained('b'));
    for (const [socket, name] of [
      [here, 'b'],
      [here, 'b'],
      [there, 'a'],
      [there, 'a'],
    ] as const) {
      expect(peerCertificate(socket)?.subjectAltName).toContain(`spiffe://trunkline/endpoint/${name}`);
    }
  });

  it('is read without taking the others out of its chain: what is taken out is not freed', async () => {
    const [here, there] = await connected(await chained('a'), await chained('b'));
    for (const socket of [here, there]) {
      peerCertificate(socket);
      expect(socket.getPeerCertificate(true).issuerCertificate?.subject.CN).toBe('An authority');
    }
  });

  it('is none of who shows none, and of a connection that is over', async () => {
    const [here] = await connected(await createSelfSigned('a', nowMs));
    expect(peerCertificate(here)).toBeUndefined();
    const closed = once(here, 'close');
    here.destroy();
    await closed;
    expect(peerCertificate(here)).toBeUndefined();
  });
});
