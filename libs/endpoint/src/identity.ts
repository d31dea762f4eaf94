import { createPrivateKey, X509Certificate } from 'node:crypto';
import { endpointIdOfPem, guestId, type TlsIdentity } from '#libs/relay';
import { EndpointError } from './errors.ts';

/** Who an endpoint is to the brokers. Kept by reference: one object for the life of a program. */
export interface EndpointIdentity extends TlsIdentity {
  /** The name in the certificate, or `guest-…`, the hash of the guest's public key. */
  readonly id: string;
  readonly guest: boolean;
}

/** The identity in a certificate that an authority signed. @throws EndpointError `bad-identity` */
export function certificateIdentity(pems: TlsIdentity): EndpointIdentity {
  checkPair(pems);
  const id = endpointIdOfPem(pems.cert);
  if (id === undefined)
    throw bad("the certificate is no endpoint's: it needs spiffe://trunkline/endpoint/<id>");
  return { ...pems, id, guest: false };
}

/** A guest's identity that was kept. @throws EndpointError `bad-identity` */
export function guestIdentity(pems: TlsIdentity): EndpointIdentity {
  checkPair(pems);
  return { ...pems, id: guestId(new X509Certificate(pems.cert).publicKey), guest: true };
}

/** A new guest's identity: a key and a self-signed certificate, in memory. @param ca the brokers' authority, PEM */
export async function createGuestIdentity(ca: string | Buffer): Promise<EndpointIdentity> {
  // Loaded when there is a guest: certificates are made nowhere else in an endpoint.
  const { createSelfSigned } = await import('#libs/pki');
  return guestIdentity({ ca, ...(await createSelfSigned('Trunkline guest', Date.now())) });
}

function checkPair(pems: TlsIdentity): void {
  try {
    new X509Certificate(pems.ca);
  } catch {
    throw bad('the authority is no PEM certificate');
  }
  let matches: boolean;
  try {
    matches = new X509Certificate(pems.cert).checkPrivateKey(createPrivateKey(pems.key));
  } catch {
    throw bad('the certificate or its key is no PEM');
  }
  if (!matches) throw bad('the key is not the key of the certificate');
}

function bad(detail: string): EndpointError {
  return new EndpointError('bad-identity', detail);
}
