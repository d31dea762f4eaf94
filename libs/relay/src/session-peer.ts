import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { ALPN_GUEST, ALPN_SESSION } from '#libs/contracts';
import { peerCertificate } from './identity.ts';

/** Who is at an endpoint's end of a TLS connection to a broker. */
export interface SessionPeer {
  /** The SPIFFE name's id, or `guest-` and 32 hex digits of the hash of the guest's public key. */
  readonly id: string;
  readonly guest: boolean;
}

const ENDPOINT_NAME = /^spiffe:\/\/trunkline\/endpoint\/([A-Za-z0-9._-]{1,64})$/;
const GUEST_PREFIX = 'guest-';
const GUEST_HASH_DIGITS = 32;

/**
 * The endpoint at a broker's socket after the handshake, for a server that asks for certificates and leaves
 * their judgement to this (`requestCert: true, rejectUnauthorized: false`). TLS 1.3 has proved the key. A chain
 * must be good for `trunkline/1`; a guest has none. Nobody with a chain may be named as a guest is.
 */
export function sessionPeer(socket: TLSSocket): SessionPeer | undefined {
  const certificate = peerCertificate(socket);
  if (certificate === undefined) return undefined;
  if (socket.alpnProtocol === ALPN_GUEST) return { id: guestId(certificate.publicKey), guest: true };
  if (socket.alpnProtocol !== ALPN_SESSION || !socket.authorized) return undefined;
  const id = endpointIdOf(certificate);
  return id === undefined ? undefined : { id, guest: false };
}

/** The identity that a guest's public key gives it. */
export function guestId(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return GUEST_PREFIX + createHash('sha256').update(spki).digest('hex').slice(0, GUEST_HASH_DIGITS);
}

/** The endpoint that a PEM certificate file's first certificate names. @throws when it is no certificate */
export function endpointIdOfPem(pem: string | Buffer): string | undefined {
  return endpointIdOf(new X509Certificate(pem));
}

function endpointIdOf(certificate: X509Certificate): string | undefined {
  const uris = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:'));
  if (uris.length !== 1) return undefined;
  const id = ENDPOINT_NAME.exec(uris[0]?.slice('URI:'.length) ?? '')?.[1];
  return id?.startsWith(GUEST_PREFIX) ? undefined : id;
}
