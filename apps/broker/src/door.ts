import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { ALPN_GUEST, ALPN_SESSION } from '#libs/contracts';
import { peerCertificate, type SessionPeer, sessionPeer, type TlsIdentity } from '#libs/relay';
import { Handshakes } from './handshakes.ts';
import type { DoorRefusal } from './metrics.ts';

/** Connections that the system keeps until they are taken: many come again at once when a broker died. */
const BACKLOG = 1_024;

export interface DoorOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsIdentity;
  /** From the TCP connection to the end of the handshake. */
  readonly handshakeMs: number;
  readonly maxConnections: number;
  /** Connections at once whose handshake is not over. */
  readonly maxHandshakes: number;
  /** Of these from one address, so that one cannot keep everybody out. */
  readonly maxHandshakesPerAddress: number;
  /** An endpoint that has proved who it is. */
  readonly arrived: (socket: TLSSocket, peer: SessionPeer, address: string) => void;
  /** Counted; nothing else is known of who came to nothing. */
  readonly refused: (why: DoorRefusal) => void;
}

export interface Door {
  readonly port: number;
  /** Handshakes that are under way. */
  readonly handshakes: number;
  close(): void;
}

/**
 * Where endpoints come in: TLS 1.3, both sides with certificates. Nothing is answered, and nothing is kept, before the
 * handshake has proved the peer's key; and nobody keeps a place for long without it.
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const waiting = new Handshakes(options);
  const server = createServer(
    {
      ...options.tls,
      requestCert: true,
      // A guest's certificate has no chain; whose needs one is judged below.
      rejectUnauthorized: false,
      ALPNProtocols: [ALPN_SESSION, ALPN_GUEST],
      minVersion: 'TLSv1.3',
      handshakeTimeout: options.handshakeMs,
      noDelay: true,
      // Every connection proves its key anew.
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    (socket) => {
      waiting.over(socket);
      receive(socket, options);
    },
  );
  server.maxConnections = options.maxConnections;
  server.on('drop', () => options.refused('too-many-connections'));
  server.on('connection', (socket: Socket) => waiting.begun(socket));
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    waiting.over(socket);
    options.refused(refusalOf(error));
    socket.on('error', () => {});
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: options.host, backlog: BACKLOG }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    get handshakes() {
      return waiting.count;
    },
    close: () => void server.close(),
  };
}

function receive(socket: TLSSocket, options: DoorOptions): void {
  const judged = judge(socket);
  if (typeof judged !== 'string') {
    options.arrived(socket, judged, addressOf(socket));
    return;
  }
  options.refused(judged);
  socket.on('error', () => {});
  socket.destroy();
}

function judge(socket: TLSSocket): SessionPeer | DoorRefusal {
  if (socket.alpnProtocol !== ALPN_SESSION && socket.alpnProtocol !== ALPN_GUEST) return 'no-common-alpn';
  const peer = sessionPeer(socket);
  if (peer !== undefined) return peer;
  if (peerCertificate(socket) === undefined) return 'no-certificate';
  return socket.authorized ? 'no-endpoint' : 'bad-certificate';
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? 'unknown';
}

function refusalOf({ code = '' }: NodeJS.ErrnoException): DoorRefusal {
  switch (code) {
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return 'handshake-timeout';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
      return 'old-tls';
    case 'ERR_SSL_NO_APPLICATION_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL':
      return 'no-common-alpn';
    case 'ERR_SSL_HTTP_REQUEST':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_HTTPS_PROXY_REQUEST':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_RECORD_LAYER_FAILURE':
    case 'ERR_SSL_UNEXPECTED_MESSAGE':
    case 'ERR_SSL_BAD_RECORD_TYPE':
      return 'no-tls';
    default:
      return 'handshake-broken';
  }
}
