import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What `/control` acts on. */
export interface Controlled {
  activate(): void;
  deactivate(): void;
  drain(): void;
  readonly isActive: boolean;
  /** Members beside `active`, `connection_id` and `epoch`. */
  tallies(): object;
  /** Commands of this simulator alone. @returns what is wrong with the arguments, or undefined. */
  extra(command: string, body: Readonly<Record<string, unknown>>): string | undefined | 'unknown';
}

const MAX_BODY_BYTES = 16 * 1024;
const MAX_CONNECTIONS_KNOWN = 1_000;

/** The application's `/control`: who may send, under which epoch; and the tallies. */
export class ControlServer {
  private readonly server: Server;
  private readonly epochs = new Map<string, number>();
  private current: { connection_id?: string; epoch?: number } = {};

  constructor(private readonly controlled: Controlled) {
    this.server = createServer((request, response) => {
      this.route(request, response).catch(() => response.destroy());
    });
  }

  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, resolve);
    });
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0];
    if (path === '/health/live' || path === '/health/ready') {
      json(response, 200, { ready: true });
    } else if (path !== '/control') {
      json(response, 404, { error: 'there is /control, /health/live and /health/ready' });
    } else if (request.method === 'GET') {
      json(response, 200, this.state());
    } else if (request.method === 'POST') {
      await this.command(request, response);
    } else {
      json(response, 405, { error: 'GET or POST' });
    }
  }

  private state(): object {
    return { active: this.controlled.isActive, ...this.current, ...this.controlled.tallies() };
  }

  private async command(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) {
      json(response, 400, { error: `a JSON object of at most ${MAX_BODY_BYTES} bytes is needed` });
      return;
    }
    const { command } = body;
    if (command !== 'activate' && command !== 'deactivate' && command !== 'drain') {
      const wrong = this.controlled.extra(String(command), body);
      if (wrong === undefined) json(response, 200, this.state());
      else json(response, 400, { error: wrong === 'unknown' ? 'no such command' : wrong });
      return;
    }
    const { connection_id, epoch } = body;
    if (typeof connection_id !== 'string' || !Number.isSafeInteger(epoch)) {
      json(response, 400, { error: 'connection_id (text) and epoch (whole number) are needed' });
      return;
    }
    if (!this.admit(connection_id, Number(epoch))) {
      json(response, 409, { error: 'a higher epoch is known', ...this.state() });
      return;
    }
    this.controlled[command]();
    json(response, 200, this.state());
  }

  private admit(connectionId: string, epoch: number): boolean {
    if (epoch < (this.epochs.get(connectionId) ?? 0)) return false;
    if (this.epochs.size >= MAX_CONNECTIONS_KNOWN && !this.epochs.has(connectionId)) return false;
    this.epochs.set(connectionId, epoch);
    this.current = { connection_id: connectionId, epoch };
    return true;
  }
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) return undefined;
  }
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body)
      ? (body as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
