import { type ProgramKind, spiffeId } from '#libs/contracts';
import { createAuthority, issueLeaf } from '#libs/pki';
import type { TlsIdentity } from '#libs/relay';

/** Who has a certificate, and what it says. */
export type PeerNames = Readonly<Record<string, { readonly region: string; readonly kind: ProgramKind }>>;

/** Certificates of one authority, and one of another authority that says the same. */
export interface PeerPki<N extends PeerNames> {
  of(name: keyof N & string): TlsIdentity;
  /** Says what `name` says, signed by an authority that nobody knows. */
  forged(name: keyof N & string): Promise<TlsIdentity>;
}

/** Makes a certificate for each name; the id in it is the name. */
export async function peerPki<N extends PeerNames>(names: N): Promise<PeerPki<N>> {
  const nowMs = Date.now();
  const authority = await createAuthority('Peers of a test', nowMs);
  const leaf = async (name: string, by = authority): Promise<TlsIdentity> => {
    const { region, kind } = names[name] ?? { region: '', kind: 'broker' as const };
    const pair = await issueLeaf(by, { name, uri: spiffeId(region, kind, name) }, nowMs);
    return { ca: authority.cert, ...pair };
  };
  const made = new Map<string, TlsIdentity>();
  for (const name of Object.keys(names)) made.set(name, await leaf(name));
  return {
    of: (name) => made.get(name) as TlsIdentity,
    forged: async (name) => leaf(name, await createAuthority('Nobody', nowMs)),
  };
}
