import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What answers where a broker, or a proxy, should. */
export interface Impostor {
  readonly port: number;
  close(): Promise<void>;
}

/** Takes connections and never says anything. */
export function silentServer(): Promise<Impostor> {
  return listen(createServer());
}

/** Says so much in clear text to whoever comes. */
export function plainServer(text: string): Promise<Impostor> {
  return listen(createServer((socket) => socket.on('error', () => {}).end(text)));
}

/** Completes a handshake and says nothing after it. */
export function tlsServer(options: TlsOptions): Promise<Impostor> {
  return listen(
    createTlsServer(options, (socket) => socket.on('error', () => {})).on('tlsClientError', () => {}),
  );
}

export interface FakeProxyOptions {
  /** What the proxy wants in `proxy-authorization`; absent: nothing. */
  readonly credentials?: string;
  /** What it answers instead of a connection. */
  readonly status?: number;
  /** Where it leads instead of where it was asked to. */
  readonly to?: { readonly port: number };
}

/** An HTTP proxy that tunnels; tells whom it was asked for. */
export async function fakeProxy(options: FakeProxyOptions = {}): Promise<Impostor & { asked: string[] }> {
  const asked: string[] = [];
  const server = createHttpServer();
  server.on('connect', (request, socket: Socket) => {
    asked.push(String(request.url));
    socket.on('error', () => {});
    if (options.credentials !== undefined && request.headers['proxy-authorization'] !== options.credentials) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    if (options.status !== undefined) {
      socket.end(`HTTP/1.1 ${options.status} No\r\n\r\n`);
      return;
    }
    const to = connect(options.to?.port ?? Number(String(request.url).split(':').at(-1)), '127.0.0.1');
    to.on('error', () => socket.destroy()).on('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(to).pipe(socket);
    });
  });
  return { ...(await listen(server)), asked };
}

async function listen(server: Server): Promise<Impostor> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port, close };
}
