import { connect, type TLSSocket } from 'node:tls';
import { ALPN_GUEST, ALPN_SESSION } from '#libs/contracts';
import type { KeyPairPem } from '#libs/pki';
import {
  allocateDataFrame,
  type ControlFrameName,
  encodeControl,
  encodePingFrame,
  SESSION_VERSION,
  SessionDecoder,
  type SessionFrame,
  type SessionPayloads,
} from '#libs/relay';
import { waitFor } from '../../support/wait-for.ts';

export type Role = 'controller' | 'target' | 'probe';

/** What an endpoint shows at its handshake. */
export interface Shown {
  readonly ca: string;
  /** Absent: it shows no certificate. */
  readonly pair?: KeyPairPem | undefined;
  readonly guest?: boolean;
}

/** One endpoint's connection, driven frame by frame. */
export class Endpoint {
  readonly frames: SessionFrame[] = [];
  /** How many bytes of data came. */
  receivedBytes = 0;
  private readonly pieces: Buffer[] = [];
  isClosed = false;
  /** Whether it answers pings; one that does not is silent but for what it says. */
  isAlive = true;
  /** Bytes that came, whatever they were. */
  rawBytes = 0;
  private readonly decoder = new SessionDecoder('broker');

  private constructor(readonly socket: TLSSocket) {
    socket.on('data', (chunk: Buffer) => {
      this.rawBytes += chunk.length;
      for (const frame of this.decoder.push(chunk)) this.take(frame);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** Resolves after the handshake, as the endpoint sees it. */
  static dial(port: number, { ca, pair, guest = false }: Shown): Promise<Endpoint> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        ...{ host: '127.0.0.1', port, servername: 'localhost', ca },
        ...(pair ?? {}),
        ALPNProtocols: [guest ? ALPN_GUEST : ALPN_SESSION],
      });
      socket.once('error', reject);
      socket.once('secureConnect', () => resolve(new Endpoint(socket)));
    });
  }

  hello(role: Role): this {
    return this.say('hello', { version: SESSION_VERSION, role });
  }

  say<Name extends ControlFrameName>(name: Name, payload: SessionPayloads[Name]): this {
    return this.write(encodeControl(name, payload));
  }

  data(bytes: Buffer): this {
    const frame = allocateDataFrame(bytes.length);
    bytes.copy(frame.payload);
    return this.write(frame.bytes);
  }

  write(bytes: Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  ping(token: bigint): this {
    return this.write(encodePingFrame('ping', token));
  }

  /** All data that came. */
  get received(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** Until exactly this came as data. */
  async hears(text: string): Promise<void> {
    await waitFor(() => this.received.toString() === text, { what: `data ${text}` });
  }

  /** The latest frame of a name, once it is there. */
  async got<Name extends ControlFrameName>(name: Name): Promise<SessionPayloads[Name]> {
    const frame = await waitFor(() => this.latest(name), { what: `${name} among ${this.names.join()}` });
    return frame as SessionPayloads[Name];
  }

  latest(name: SessionFrame['name']): unknown {
    const frame = this.frames.findLast((each) => each.name === name);
    return frame !== undefined && 'payload' in frame ? frame.payload : undefined;
  }

  count(name: SessionFrame['name']): number {
    return this.frames.filter((each) => each.name === name).length;
  }

  get names(): string[] {
    return this.frames.map(({ name }) => name);
  }

  async closed(): Promise<void> {
    await waitFor(() => this.isClosed, { what: 'the end of the connection' });
  }

  /** Sends a ping and waits for its pong: all that the broker wrote before is here. */
  async heardOut(): Promise<void> {
    const token = BigInt(this.frames.length) + 1_000_000n;
    this.ping(token);
    await waitFor(() => this.frames.some((frame) => frame.name === 'pong' && frame.token === token), {
      what: 'the pong',
    });
  }

  private take(frame: SessionFrame): void {
    if (frame.name === 'data') {
      this.pieces.push(frame.payload);
      this.receivedBytes += frame.payload.length;
    } else this.frames.push(frame);
    if (frame.name === 'ping' && this.isAlive) this.write(encodePingFrame('pong', frame.token));
  }
}
