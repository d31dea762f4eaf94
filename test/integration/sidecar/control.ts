import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Told {
  readonly command: string;
  readonly connection_id: string;
  readonly epoch: number;
}

/** The `/control` of an application, as the contract has it; what it was told stays to be looked at. */
export class Control {
  readonly told: Told[] = [];
  /** What it answers a command with, instead of obeying it. */
  refusesWith: number | undefined;
  /** Commands are answered once this resolves. */
  gate: Promise<void> = Promise.resolve();
  obeyed: (command: string) => void = () => {};
  private known: { connection_id?: string; epoch?: number } = {};
  private active = false;
  private server: Server | undefined;
  private port = 0;

  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        if (request.method === 'GET') {
          response.end(JSON.stringify({ active: this.active, ...this.known }));
          return;
        }
        const told: Told = JSON.parse(body);
        this.told.push(told);
        void this.gate.then(() => response.writeHead(this.obey(told)).end());
      });
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  get env(): Record<string, string> {
    return { TRUNKLINE_CONTROL_URL: `http://127.0.0.1:${this.port}/control` };
  }

  get commands(): string[] {
    return this.told.map(({ command, epoch }) => `${command} ${epoch}`);
  }

  /** As `kill -9` does it; `listen` starts it again, and it knows nothing then. */
  kill(): void {
    this.server?.close();
    this.server?.closeAllConnections();
    this.known = {};
    this.active = false;
  }

  private obey({ command, connection_id, epoch }: Told): number {
    if (this.refusesWith !== undefined) return this.refusesWith;
    this.active = command === 'activate';
    this.known = { connection_id, epoch };
    this.obeyed(command);
    return 200;
  }
}
