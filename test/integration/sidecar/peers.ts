import { connect, createServer, type Server, type Socket } from 'node:net';
import { waitFor } from '../../support/wait-for.ts';

/** An ISO message in the local framing, with a body nobody reads. */
export function iso(mti: string, text = ''): Buffer {
  const body = Buffer.from(mti + text, 'latin1');
  const header = Buffer.alloc(2);
  header.writeUInt16BE(body.length);
  return Buffer.concat([header, body]);
}

/** Messages of a stream, without their lengths. */
export class Messages {
  readonly texts: string[] = [];
  private bytes = Buffer.alloc(0);

  push(chunk: Buffer): string[] {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    const found: string[] = [];
    while (this.bytes.length >= 2 && this.bytes.length >= 2 + this.bytes.readUInt16BE(0)) {
      const end = 2 + this.bytes.readUInt16BE(0);
      found.push(this.bytes.toString('latin1', 2, end));
      this.bytes = this.bytes.subarray(end);
    }
    this.texts.push(...found);
    return found;
  }
}

/** A host that answers every request unless told not to. */
export class Backend {
  readonly received: string[] = [];
  readonly sockets = new Set<Socket>();
  /** Connections taken so far. */
  taken = 0;
  swallows = (_text: string): boolean => false;
  delayMs = 0;
  closesAtOnce = false;
  private server: Server | undefined;

  constructor(readonly port: number) {}

  listen(): Promise<void> {
    this.server = createServer((socket) => {
      if (this.closesAtOnce) socket.end();
      this.sockets.add(socket);
      this.taken += 1;
      const messages = new Messages();
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('data', (chunk) => {
        for (const text of messages.push(chunk)) {
          this.received.push(text);
          if (this.swallows(text)) continue;
          const response = iso(`0${text[1]}10`, text.slice(4));
          if (this.delayMs === 0) socket.write(response);
          else setTimeout(() => socket.write(response), this.delayMs);
        }
      });
    });
    return new Promise((resolve) => this.server?.listen(this.port, '127.0.0.1', resolve));
  }

  /** As `kill -9` does it: nobody listens any more and every connection is reset. */
  kill(): void {
    this.server?.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
  }
}

/** An application of the client. */
export class Application {
  readonly messages = new Messages();
  isClosed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => this.messages.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** Rejects when the port refuses. */
  static connect(port: number): Promise<Application> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Application(socket)));
    });
  }

  static come(port: number): Promise<Application> {
    return waitFor(() => Application.connect(port), { what: 'the application port' });
  }

  send(...messages: Buffer[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  got(text: string, withinMs = 10_000): Promise<boolean> {
    return waitFor(() => this.messages.texts.includes(text), { withinMs, what: `message ${text}` });
  }
}
