import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { ALPN_GUEST, ALPN_SESSION } from '#libs/contracts';
import { type PeerIdentity, peerCertificate, peerIdentity } from './identity.ts';
import { contextOf, type TlsIdentity } from './tls.ts';

/**
 * Why an endpoint has no connection to a broker.
 * - `unreachable`: no TCP connection, or it was cut during the handshake
 * - `dial-timeout`: neither came within the time
 * - `intercepted`: somebody in between answers for the broker's name with a certificate of his own
 * - `untrusted`: the certificate is not good: another authority, expired, another host name
 * - `wrong-identity`: a good certificate of somebody else than the broker that was meant
 * - `wrong-protocol`: the other side does not speak the session protocol
 * - `given-up`: the caller aborted
 */
export type BrokerDialFault =
  | 'unreachable'
  | 'dial-timeout'
  | 'intercepted'
  | 'untrusted'
  | 'wrong-identity'
  | 'wrong-protocol'
  | 'given-up';

export class BrokerDialError extends Error {
  constructor(
    readonly fault: BrokerDialFault,
    detail: string,
  ) {
    super(`${fault}: ${detail}`);
  }
}

export interface BrokerDialOptions {
  /** A TCP connection to the broker; it is the dial's from here on. */
  readonly socket: Socket;
  /** The broker's host name, which its certificate must hold. */
  readonly host: string;
  /** The broker that is meant, which its certificate's SPIFFE name must say. */
  readonly brokerId: string;
  readonly tls: TlsIdentity;
  /** Whether `tls` is a self-signed pair of a guest. */
  readonly guest: boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Makes a TLS connection to a broker on a TCP connection, and makes sure that it is that broker.
 * The stream is paused until its owner reads.
 * @throws BrokerDialError
 */
export function dialBroker(options: BrokerDialOptions): Promise<TLSSocket> {
  const alpn = options.guest ? ALPN_GUEST : ALPN_SESSION;
  return new Promise((resolve, reject) => {
    const socket = connect({
      socket: options.socket,
      servername: options.host,
      secureContext: contextOf(options.tls),
      ALPNProtocols: [alpn],
      // Judged below, before a byte is sent or read: only so the certificate of an impostor can be told apart.
      rejectUnauthorized: false,
    });
    const fail = (fault: BrokerDialFault, detail: string): void => {
      cleanUp();
      socket.on('error', () => {});
      socket.destroy();
      options.socket.destroy();
      reject(new BrokerDialError(fault, detail));
    };
    const timer = setTimeout(() => fail('dial-timeout', `${options.timeoutMs} ms`), options.timeoutMs);
    const onError = (error: NodeJS.ErrnoException): void =>
      isNoTls(error) ? fail('wrong-protocol', error.message) : fail('unreachable', error.message);
    const onClose = (): void => fail('unreachable', 'closed during the handshake');
    const onAbort = (): void => fail('given-up', 'aborted');
    const cleanUp = (): void => {
      clearTimeout(timer);
      socket.off('error', onError).off('close', onClose);
      options.signal?.removeEventListener('abort', onAbort);
    };
    socket.on('error', onError).on('close', onClose);
    options.signal?.addEventListener('abort', onAbort);
    socket.once('secureConnect', () => {
      const fault = judge(socket, alpn, options.brokerId);
      if (fault !== undefined) return fail(fault.fault, fault.detail);
      cleanUp();
      socket.pause();
      resolve(socket);
    });
    if (options.signal?.aborted) onAbort();
  });
}

function judge(
  socket: TLSSocket,
  alpn: string,
  brokerId: string,
): { fault: BrokerDialFault; detail: string } | undefined {
  if (!socket.authorized) {
    const why = String(socket.authorizationError);
    const issuer = peerCertificate(socket)?.issuer.replaceAll('\n', ', ') ?? 'nobody';
    const fault = namesTrunkline(socket) ? 'untrusted' : 'intercepted';
    return { fault, detail: `${why}, issued by ${issuer}` };
  }
  const peer = peerIdentity(socket);
  if (!isBroker(peer, brokerId)) return { fault: 'wrong-identity', detail: peer?.id ?? 'no SPIFFE name' };
  if (socket.alpnProtocol !== alpn) return { fault: 'wrong-protocol', detail: String(socket.alpnProtocol) };
  return undefined;
}

function isBroker(peer: PeerIdentity | undefined, brokerId: string): boolean {
  return peer !== undefined && peer.kind === 'broker' && peer.id === brokerId;
}

/** An interceptor makes up a certificate for the host name; a broker's names the broker, whoever signed it. */
function namesTrunkline(socket: TLSSocket): boolean {
  return peerCertificate(socket)?.subjectAltName?.includes('spiffe://trunkline/') ?? false;
}

/** What answered speaks no TLS, or not version 1.3. */
function isNoTls(error: NodeJS.ErrnoException): boolean {
  return /^ERR_SSL_(WRONG_VERSION_NUMBER|TLSV1_ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_APPLICATION_PROTOCOL|TLSV1_ALERT_NO_APPLICATION_PROTOCOL)/.test(
    error.code ?? '',
  );
}
