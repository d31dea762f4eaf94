import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { ALPN_GUEST, ALPN_SESSION } from '#libs/contracts';
import {
  type ControlFrameName,
  encodeControl,
  encodePingFrame,
  SessionDecoder,
  type SessionFrame,
  type SessionPayloads,
  type SessionPeer,
  sessionPeer,
  type TlsIdentity,
} from '#libs/relay';
import type { Broker } from '../src/brokers.ts';
import type { FakeExchange } from './fake-exchange.ts';

/** One endpoint's connection to a fake broker, after its hello. */
export class FakeLeg {
  role: SessionPayloads['hello']['role'] | undefined;
  private splicedWith: FakeLeg | undefined;
  private readonly decoder = new SessionDecoder('endpoint');

  constructor(
    readonly broker: FakeBroker,
    readonly peer: SessionPeer,
    private readonly socket: TLSSocket,
  ) {
    socket.on('data', (chunk: Buffer) => {
      for (const frame of this.decoder.push(chunk)) this.receive(frame);
    });
    socket.on('drain', () => this.partner?.socket.resume());
    socket.on('error', () => {});
    socket.on('close', () => {
      broker.legs.delete(this);
      broker.exchange.lost(this);
    });
  }

  /** The leg that this one is spliced with. */
  get partner(): FakeLeg | undefined {
    return this.splicedWith;
  }

  /** Whoever waited for the partner before has nobody to wait for any more. */
  set partner(leg: FakeLeg | undefined) {
    this.splicedWith = leg;
    if (!this.broker.isFrozen) this.socket.resume();
  }

  send<Name extends ControlFrameName>(name: Name, payload: SessionPayloads[Name]): void {
    if (this.socket.writable) this.socket.write(encodeControl(name, payload));
  }

  refuse(reason: string, more: Partial<SessionPayloads['refused']> = {}): void {
    this.send('refused', { reason, ...more });
    this.close();
  }

  close(): void {
    this.socket.end();
  }

  /** As a process that died: no word, no end. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Writes bytes that nobody sent. */
  forge(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  freeze(isFrozen: boolean): void {
    if (isFrozen) this.socket.pause();
    else this.socket.resume();
  }

  private receive(frame: SessionFrame): void {
    if (frame.name === 'ping') {
      this.socket.write(encodePingFrame('pong', frame.token));
      return;
    }
    if (frame.name === 'data') {
      this.passOn(frame.bytes);
      return;
    }
    if (frame.name === 'hello') {
      this.role = frame.payload.role;
      const { id, region } = this.broker.broker;
      this.send('welcome', {
        broker_id: id,
        region,
        draining: this.broker.isDraining,
        full: this.broker.isFull,
      });
      return;
    }
    this.broker.exchange.receive(this, frame);
  }

  private passOn(bytes: Buffer): void {
    const to = this.partner?.socket;
    if (to === undefined || !to.writable) return;
    this.broker.passedBytes += bytes.length;
    if (!to.write(bytes)) this.socket.pause();
  }
}

/** A broker in this process, on a real TLS port, that asks the exchange what it has to do. */
export class FakeBroker {
  readonly legs = new Set<FakeLeg>();
  isFrozen = false;
  isDraining = false;
  isFull = false;
  passedBytes = 0;
  private readonly sockets = new Set<Socket>();
  private tcp: Server | undefined;
  private known: Broker | undefined;

  constructor(
    readonly exchange: FakeExchange,
    private readonly id: string,
    private readonly tls: TlsIdentity,
  ) {}

  /** How endpoints find it. */
  get broker(): Broker {
    if (this.known === undefined) throw new Error(`${this.id} was never started`);
    return this.known;
  }

  /** Listens, on the port that it had before if it had one. */
  async start(): Promise<void> {
    const tls = createTlsServer(
      {
        ...this.tls,
        requestCert: true,
        rejectUnauthorized: false,
        ALPNProtocols: [ALPN_SESSION, ALPN_GUEST],
        minVersion: 'TLSv1.3',
      },
      (socket) => this.accept(socket),
    );
    tls.on('tlsClientError', () => {});
    const tcp = createTcpServer((socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => {});
      // A process that is stopped: its kernel takes the connection, and nobody answers.
      if (!this.isFrozen) tls.emit('connection', socket);
    });
    const port = this.known?.port ?? 0;
    await new Promise<void>((resolve) => tcp.listen(port, '127.0.0.1', resolve));
    const at = tcp.address() as { port: number };
    this.known = {
      ...{ id: this.id, host: 'localhost', port: at.port, region: 'east' },
      address: `127.0.0.1:${at.port}`,
    };
    this.tcp = tcp;
  }

  /** As SIGKILL: every connection is cut, and new ones are refused. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.tcp?.close(resolve));
    for (const leg of this.legs) leg.destroy();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** As SIGSTOP and SIGCONT. */
  freeze(isFrozen: boolean): void {
    this.isFrozen = isFrozen;
    for (const leg of this.legs) leg.freeze(isFrozen);
  }

  drain(): void {
    this.isDraining = true;
    for (const leg of this.legs) leg.send('goaway', { reason: 'draining' });
  }

  private accept(socket: TLSSocket): void {
    const peer = sessionPeer(socket);
    if (peer === undefined) socket.destroy();
    else this.legs.add(new FakeLeg(this, peer, socket));
  }
}
