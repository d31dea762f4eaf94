import { X509Certificate } from 'node:crypto';
import type { PeerCertificate, TLSSocket } from 'node:tls';

/** Who a program is: the SPIFFE name in its certificate, `spiffe://trunkline/<region>/<kind>/<id>`. */
export interface PeerIdentity {
  readonly region: string;
  readonly kind: string;
  readonly id: string;
}

const SPIFFE_NAME = /^spiffe:\/\/trunkline\/([A-Za-z0-9._-]{1,64})\/([a-z-]{1,64})\/([A-Za-z0-9._-]{1,64})$/;

export function parseSpiffeName(uri: string): PeerIdentity | undefined {
  const [, region, kind, id] = SPIFFE_NAME.exec(uri) ?? [];
  if (region === undefined || kind === undefined || id === undefined) return undefined;
  return { region, kind, id };
}

/**
 * Reads the one SPIFFE name of a certificate; none, or several URI names, are no identity. Node writes
 * names that could be mistaken for a list in quotes; those do not match and so are no identity either.
 */
export function identityOfCertificate(certificate: X509Certificate): PeerIdentity | undefined {
  const uris = (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice('URI:'.length));
  const [only] = uris;
  return only === undefined || uris.length > 1 ? undefined : parseSpiffeName(only);
}

/**
 * The peer's certificate after a handshake, verified or not; undefined when it showed none. To be used instead of
 * `getPeerX509Certificate`, which takes each further certificate that the peer sent out of the connection's chain and never
 * frees it: kilobytes for every connection, as many as the peer likes. Parsed anew at each call.
 */
export function peerCertificate(socket: TLSSocket): X509Certificate | undefined {
  // Without a certificate it is an empty object, and null after the end of the connection; its type knows neither.
  const shown = socket.getPeerCertificate() as Partial<PeerCertificate> | null;
  return shown?.raw === undefined ? undefined : new X509Certificate(shown.raw);
}

/** The peer's identity after a handshake that verified its chain; undefined when it has none. */
export function peerIdentity(socket: TLSSocket): PeerIdentity | undefined {
  if (!socket.authorized) return undefined;
  const certificate = peerCertificate(socket);
  return certificate === undefined ? undefined : identityOfCertificate(certificate);
}

/** The identity in a PEM certificate file's first certificate. @throws when it is not a certificate. */
export function identityOfPem(pem: string | Buffer): PeerIdentity | undefined {
  return identityOfCertificate(new X509Certificate(pem));
}
