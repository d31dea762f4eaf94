import { X509Certificate } from 'node:crypto';
import { createAuthority, issueLeaf } from '#libs/pki';
import { identityOfCertificate, identityOfPem, parseSpiffeName } from './identity.ts';

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
