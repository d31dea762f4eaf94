import {
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { ALPN_LINK } from '#libs/contracts';
import { type PeerIdentity, peerIdentity } from './identity.ts';
import {
  encodePreface,
  PREFACE_MAX_BYTES,
  type Preface,
  type RefuseCode,
  readPreface,
} from './link-protocol.ts';
import { refuseStream } from './path.ts';

/** PEM texts of a program's own identity and of the authority that it believes. */
export interface TlsIdentity {
  readonly ca: string | Buffer;
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export type DialFault = 'dial-failed' | 'dial-timeout' | 'wrong-protocol' | 'wrong-identity';

export class DialError extends Error {
  constructor(
    readonly fault: DialFault,
    detail: string,
  ) {
    super(`${fault}: ${detail}`);
  }
}

export interface DialOptions {
  /** `host:port`, an IPv6 host in brackets. */
  readonly address: string;
  readonly tls: TlsIdentity;
  readonly preface: Preface;
  /** Whether the server's certificate names the one that was meant. */
  readonly isExpected: (peer: PeerIdentity) => boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(address.slice(colon + 1)) };
}

const contexts = new WeakMap<TlsIdentity, SecureContext>();

/** Certificates are read out of their PEM once: a link that moves must not wait for that. */
export function contextOf(tls: TlsIdentity): SecureContext {
  let context = contexts.get(tls);
  if (context === undefined) {
    context = createSecureContext({ ...tls, minVersion: 'TLSv1.3' });
    contexts.set(tls, context);
  }
  return context;
}

/**
 * Dials a server sidecar and sends the preface; the stream is the caller's from there on.
 * @throws DialError
 */
export function dialLink(options: DialOptions): Promise<TLSSocket> {
  const { host, port } = splitAddress(options.address);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      secureContext: contextOf(options.tls),
      ALPNProtocols: [ALPN_LINK],
      // Whom we reach is settled by the SPIFFE name below; addresses of pods are in no certificate.
      checkServerIdentity: () => undefined,
    });
    socket.setNoDelay(true);
    const fail = (fault: DialFault, detail: string): void => {
      cleanUp();
      socket.on('error', () => {});
      socket.destroy();
      reject(new DialError(fault, detail));
    };
    const timer = setTimeout(() => fail('dial-timeout', `${options.timeoutMs} ms`), options.timeoutMs);
    const onError = (error: Error): void => fail('dial-failed', error.message);
    const onClose = (): void => fail('dial-failed', 'closed during the handshake');
    const onAbort = (): void => fail('dial-failed', 'given up');
    const cleanUp = (): void => {
      clearTimeout(timer);
      socket.off('error', onError).off('close', onClose);
      options.signal?.removeEventListener('abort', onAbort);
    };
    socket.on('error', onError).on('close', onClose);
    options.signal?.addEventListener('abort', onAbort);
    socket.once('secureConnect', () => {
      const peer = peerIdentity(socket);
      if (socket.alpnProtocol !== ALPN_LINK) return fail('wrong-protocol', String(socket.alpnProtocol));
      if (peer === undefined || !options.isExpected(peer)) return fail('wrong-identity', peer?.id ?? 'none');
      cleanUp();
      socket.write(encodePreface(options.preface));
      resolve(socket);
    });
    if (options.signal?.aborted) onAbort();
  });
}

/** A dial that said who it is and what for; not yet accepted. */
export interface IncomingDial {
  readonly stream: TLSSocket;
  readonly peer: PeerIdentity;
  readonly preface: Preface;
  /** What came behind the preface. */
  readonly rest: Buffer;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsIdentity;
  /** From the TCP connection to the whole preface. */
  readonly prefaceTimeoutMs: number;
  /** Connections at once, finished handshakes or not. */
  readonly maxConnections: number;
  /** Whether this peer may dial here at all. */
  readonly isAllowed: (peer: PeerIdentity) => boolean;
  readonly dialled: (dial: IncomingDial) => void;
  /** Counted; nothing else is known of a dial that came to nothing. */
  readonly refused: (why: RefuseCode | 'handshake-failed' | 'preface-timeout' | 'gone') => void;
}

export interface LinkListener {
  readonly port: number;
  close(): Promise<void>;
}

export async function listenForLinks(options: ListenOptions): Promise<LinkListener> {
  const tls: TlsOptions = {
    ...options.tls,
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: [ALPN_LINK],
    minVersion: 'TLSv1.3',
    handshakeTimeout: options.prefaceTimeoutMs,
    noDelay: true,
  };
  const server = createServer(tls, (socket) => receivePreface(socket, options));
  server.maxConnections = options.maxConnections;
  server.on('tlsClientError', () => options.refused('handshake-failed'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function receivePreface(socket: TLSSocket, options: ListenOptions): void {
  const peer = peerIdentity(socket);
  const refuse = (code: RefuseCode): void => {
    cleanUp();
    options.refused(code);
    refuseStream(socket, code);
  };
  const drop = (why: 'preface-timeout' | 'gone'): void => {
    cleanUp();
    socket.on('error', () => {});
    socket.destroy();
    options.refused(why);
  };
  let bytes = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    const read = readPreface(bytes);
    if (read.kind === 'need-more') {
      if (bytes.length > PREFACE_MAX_BYTES) refuse('bad-preface');
      return;
    }
    if (read.kind === 'refuse') {
      refuse(read.code);
      return;
    }
    if (peer === undefined || peer.id !== read.preface.clientId) {
      refuse('wrong-identity');
      return;
    }
    cleanUp();
    // Paused until its owner reads: a parked dial must not lose what came behind its preface.
    socket.pause();
    options.dialled({ stream: socket, peer, preface: read.preface, rest: bytes.subarray(read.bytesRead) });
  };
  const onGone = (): void => drop('gone');
  const timer = setTimeout(() => drop('preface-timeout'), options.prefaceTimeoutMs);
  const cleanUp = (): void => {
    clearTimeout(timer);
    socket.off('data', onData).off('error', onGone).off('close', onGone);
  };
  socket.on('data', onData).on('error', onGone).on('close', onGone);
  if (peer === undefined || !options.isAllowed(peer) || socket.alpnProtocol !== ALPN_LINK) {
    refuse('wrong-identity');
  }
}
