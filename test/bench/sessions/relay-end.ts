import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { Broker } from '#libs/endpoint';
import { allocateDataFrame, SessionDecoder } from '#libs/relay';
import { rawController, rawTarget } from './raw-leg.ts';
import { type TlsFiles, tlsIdentityOf } from './tls-files.ts';

// A process of its own at either end of what is measured: it fills its connections, or counts what comes, or sends
// it back. What stands between, a broker or another relay, has a core for itself as far as there is one.

/** What an end can be asked to do, and what it answers. */
export interface RelayEndAsks {
  /** Controllers' legs at a broker: their codes. `opened` settles when all have their targets. */
  controllers(broker: Broker, tls: TlsFiles, count: number): Promise<string[]>;
  opened(): Promise<void>;
  targets(broker: Broker, tls: TlsFiles, codes: readonly string[]): Promise<void>;
  /** A plain TLS server; the port. */
  listen(tls: TlsFiles): Promise<number>;
  /** Plain TLS connections that came. */
  came(): number;
  /** Makes plain TLS connections. */
  dial(port: number, tls: TlsFiles, count: number): Promise<void>;
  /** Counts from here on what comes, without a look at it. */
  count(): void;
  counted(): { bytes: number; atMs: number };
  /** Sends back from here on what comes, message by message. */
  echo(): void;
  /** Round trips over the first connection, one at a time, in milliseconds. */
  roundTrips(samples: number): Promise<number[]>;
  /** Fills all connections until they are closed. */
  flood(): void;
  /** Closes all of them, for others. */
  clear(): void;
}

/** Of a frame or a write: two TLS records, as the endpoints' own. */
const FLOOD_BYTES = 32 * 1024;
const MESSAGE_BYTES = 64;
const FRAME_HEADER_BYTES = 4;
const WARM_UP = 200;

let sockets: TLSSocket[] = [];
/** Whether the session protocol is spoken on them. */
let isFramed = false;
let server: Server | undefined;
const opening: Promise<TLSSocket>[] = [];
let bytes = 0;

/** Bytes that are one message, or one write, on these connections. */
function messageOf(length: number): Buffer {
  return isFramed
    ? allocateDataFrame(length - FRAME_HEADER_BYTES).bytes.fill(7, FRAME_HEADER_BYTES)
    : Buffer.alloc(length, 7);
}

/** Calls `came` for each whole message. */
function onMessages(socket: TLSSocket, came: () => void): void {
  if (isFramed) {
    const decoder = new SessionDecoder('broker');
    socket.on('data', (chunk: Buffer) => {
      for (const frame of decoder.push(chunk)) if (frame.name === 'data') came();
    });
    return;
  }
  let length = 0;
  socket.on('data', (chunk: Buffer) => {
    for (length += chunk.length; length >= MESSAGE_BYTES; length -= MESSAGE_BYTES) came();
  });
}

const asks: RelayEndAsks = {
  async controllers(broker, tls, count) {
    isFramed = true;
    const identity = tlsIdentityOf(tls);
    const legs = [];
    for (let nth = 0; nth < count; nth += 1) legs.push(await rawController({ broker, tls: identity }));
    opening.push(...legs.map(({ opened }) => opened));
    return legs.map(({ code }) => code);
  },
  async opened() {
    sockets = await Promise.all(opening);
  },
  async targets(broker, tls, codes) {
    isFramed = true;
    const identity = tlsIdentityOf(tls);
    for (const code of codes) sockets.push(await rawTarget({ broker, tls: identity }, code));
  },
  async listen(tls) {
    isFramed = false;
    server = createServer({
      ...tlsIdentityOf(tls),
      requestCert: true,
      minVersion: 'TLSv1.3',
      noDelay: true,
    });
    server.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      sockets.push(socket);
      count(socket);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  },
  came: () => sockets.length,
  async dial(port, tls, howMany) {
    isFramed = false;
    const identity = tlsIdentityOf(tls);
    for (let nth = 0; nth < howMany; nth += 1) {
      const socket = connect({ ...identity, host: '127.0.0.1', port, servername: 'localhost' });
      socket.setNoDelay(true);
      await new Promise<void>((resolve, reject) =>
        socket.once('secureConnect', resolve).once('error', reject),
      );
      socket.on('error', () => {});
      sockets.push(socket);
    }
  },
  count() {
    for (const socket of sockets) count(socket);
  },
  counted: () => ({ bytes, atMs: performance.now() }),
  echo() {
    const message = messageOf(MESSAGE_BYTES);
    for (const socket of sockets) {
      socket.removeAllListeners('data');
      onMessages(socket, () => socket.write(message));
      socket.resume();
    }
  },
  async roundTrips(samples) {
    const [socket] = sockets;
    if (socket === undefined) throw new Error('no connection');
    const message = messageOf(MESSAGE_BYTES);
    let came: () => void = () => {};
    onMessages(socket, () => came());
    socket.resume();
    const took: number[] = [];
    for (let nth = 0; nth < WARM_UP + samples; nth += 1) {
      const begin = performance.now();
      const answer = new Promise<void>((resolve) => {
        came = resolve;
      });
      socket.write(message);
      await answer;
      if (nth >= WARM_UP) took.push(performance.now() - begin);
    }
    return took;
  },
  flood() {
    const chunk = messageOf(FLOOD_BYTES);
    for (const socket of sockets) {
      const fill = (): void => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.removeAllListeners('data').resume().on('drain', fill);
      fill();
    }
  },
  clear() {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    opening.length = 0;
    server?.close();
    server = undefined;
  },
};

function count(socket: TLSSocket): void {
  socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.resume();
}

process.on('message', (asked: { id: number; name: keyof RelayEndAsks; args: unknown[] }) => {
  const { id, name, args } = asked;
  // biome-ignore lint/suspicious/noExplicitAny: the parent's side of this is typed by RelayEndAsks
  void Promise.resolve((asks[name] as (...all: any[]) => unknown)(...args)).then(
    (answer) => process.send?.({ id, answer }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
