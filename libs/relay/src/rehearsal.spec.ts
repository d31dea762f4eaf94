import { createAuthority, issueLeaf, type KeyPairPem } from '#libs/pki';
import { rehearseDial } from './rehearsal.ts';
import type { TlsIdentity } from './tls.ts';

const NOW_MS = Date.now();
const URI = 'spiffe://trunkline/west/server-sidecar/scheme-server-1';

const authority = (): Promise<KeyPairPem> => createAuthority('Test CA', NOW_MS);

async function identity(by: KeyPairPem, over: Partial<TlsIdentity> = {}, options = {}): Promise<TlsIdentity> {
  const leaf = await issueLeaf(by, { name: 'x', uri: URI, ...options }, NOW_MS);
  return { ca: by.cert, ...leaf, ...over };
}

describe('a dial to oneself', () => {
  it('succeeds with a certificate, a key and an authority that fit together', async () => {
    await expect(rehearseDial(await identity(await authority()))).resolves.toBeUndefined();
  });

  it('finds out that the authority is not the one that signed', async () => {
    const own = await identity(await authority(), { ca: (await authority()).cert });
    await expect(rehearseDial(own)).rejects.toThrow(/^dial-failed: /);
  });

  it('finds out that the certificate is not valid any more', async () => {
    const own = await identity(await authority(), {}, { notAfterMs: NOW_MS - 1_000 });
    await expect(rehearseDial(own)).rejects.toThrow('dial-failed: certificate has expired');
  });

  it('finds out that the certificate names nobody', async () => {
    const own = await identity(await authority(), {}, { uri: 'https://elsewhere' });
    await expect(rehearseDial(own)).rejects.toThrow('wrong-identity');
  });
});
