import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { inTurns } from '../../e2e/support/session-load.ts';
import { settledKib } from '../sessions/processes.ts';
import { type TlsFiles, tlsIdentityOf } from '../sessions/tls-files.ts';

/** mTLS connections that a plain Node server, a process of its own, takes in a second, some at once. */
export async function dialsPerSecond(tls: TlsFiles, count: number): Promise<number> {
  const server = await PlainServer.start(tls);
  await server.dial(count);
  const begin = performance.now();
  await server.dial(count);
  const perSecond = (count * 1_000) / (performance.now() - begin);
  server.end();
  return perSecond;
}

/** Memory that a plain Node server has for each idle mTLS connection between the two counts, in KiB. */
export async function idleConnectionKib(tls: TlsFiles, few: number, many: number): Promise<number> {
  const server = await PlainServer.start(tls);
  await server.dial(few);
  const before = await settledKib(server.pid);
  await server.dial(many - few);
  const each = ((await settledKib(server.pid)) - before) / (many - few);
  server.end();
  return each;
}

class PlainServer {
  private readonly sockets: TLSSocket[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
    private readonly tls: TlsFiles,
  ) {}

  static async start(tls: TlsFiles): Promise<PlainServer> {
    const file = fileURLToPath(new URL('./tls-server.ts', import.meta.url));
    const child = fork(file, [tls.ca, tls.cert, tls.key]);
    const [port] = await once(child, 'message');
    return new PlainServer(child, port, tls);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async dial(count: number): Promise<void> {
    const identity = tlsIdentityOf(this.tls);
    await inTurns(count, async () => {
      const socket = connect({ ...identity, host: '127.0.0.1', port: this.port, servername: 'localhost' });
      await once(socket, 'secureConnect');
      socket.on('error', () => {});
      this.sockets.push(socket);
    });
  }

  end(): void {
    for (const socket of this.sockets) socket.destroy();
    this.child.disconnect();
  }
}
