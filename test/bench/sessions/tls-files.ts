import { readFileSync } from 'node:fs';
import type { TlsIdentity } from '#libs/relay';

/** Files of an identity. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export function tlsIdentityOf({ ca, cert, key }: TlsFiles): TlsIdentity {
  return { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
}
