import { createServer, type Server, type ServerResponse } from 'node:http';
import { Gauge, type Registry } from './metrics.ts';

export interface AdminState {
  /** Whether it does its work, as whoever starts or places on it asks. */
  readonly ready: () => { ready: boolean; [detail: string]: unknown };
  /** How many it carries now, told at `/health/active`; absent: there is no such page. */
  readonly carrying?: () => number;
}

/** Health and metrics over plain HTTP, for probes; tells nothing of what is carried. */
export function createAdminServer(registry: Registry, state: AdminState): Server {
  new Gauge({
    name: 'trunkline_ready',
    help: '1 while the process is ready for its work, as /health/ready says',
    registers: [registry],
    collect() {
      this.set(state.ready().ready ? 1 : 0);
    },
  });
  return createServer((request, response) => {
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return json(response, 405, { code: 'method-not-allowed' });
    switch (request.url?.split('?')[0]) {
      case '/health/live':
        return json(response, 200, { live: true });
      case '/health/ready': {
        const ready = state.ready();
        return json(response, ready.ready ? 200 : 503, ready);
      }
      case '/health/active': {
        if (state.carrying === undefined) return notFound(response);
        const carrying = state.carrying();
        return json(response, carrying > 0 ? 200 : 503, { active: carrying > 0, carrying });
      }
      case '/metrics':
        return void metrics(registry, response);
      default:
        return notFound(response);
    }
  });
}

async function metrics(registry: Registry, response: ServerResponse): Promise<void> {
  response.setHeader('content-type', registry.contentType);
  response.end(await registry.metrics());
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function notFound(response: ServerResponse): void {
  json(response, 404, { code: 'route-not-found' });
}
