import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Answering = (asked: Asked, response: ServerResponse) => unknown;

/** A controller's REST that answers what the test says, and remembers what it was asked. */
export class FakeRest {
  readonly asked: Asked[] = [];
  url = '';
  /** Returns what is answered as JSON; undefined: it answered by itself. */
  answer: Answering = () => problem(404, 'route-not-found');
  private server: Server | undefined;

  async start(): Promise<void> {
    this.server = createServer((request, response) => void this.take(request, response));
    await new Promise<void>((done) => this.server?.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((done) => this.server?.close(done));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    let text = '';
    for await (const part of request) text += String(part);
    const asked: Asked = {
      method: request.method ?? '',
      path: decodeURIComponent(pathname),
      query: Object.fromEntries(searchParams),
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    this.asked.push(asked);
    const answer = await this.answer(asked, response);
    if (answer === undefined) return;
    const { status = 200, headers = {}, body } = answer instanceof Told ? answer : { body: answer };
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  }
}

/** An answer that is no plain success. */
export class Told {
  constructor(
    readonly status: number,
    readonly body: unknown,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

export function problem(
  status: number,
  code: string,
  more: object = {},
  headers: Record<string, string> = {},
): Told {
  const body = {
    type: `/problems/${code}`,
    title: `title of ${code}`,
    status,
    code,
    retriable: false,
    ...more,
  };
  return new Told(status, body, { 'content-type': 'application/problem+json', ...headers });
}
