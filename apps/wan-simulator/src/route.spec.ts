import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { waitFor } from '../../../test/support/wait-for.ts';
import { ROUTE_LIMITS, Route } from './route.ts';

const ROUND_TRIP_MS = 60;

describe('a route', () => {
  let server: Server;
  let accepted: Socket[];
  let route: Route;
  let port: number;
  let carried: number;

  beforeEach(async () => {
    accepted = [];
    carried = 0;
    server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      accepted.push(socket);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    route = new Route(
      { port: 0, target, round_trip_ms: ROUND_TRIP_MS },
      {
        opened: () => {},
        carried: (bytes) => {
          carried += bytes;
        },
      },
    );
    port = await route.listen('127.0.0.1');
  });
  afterEach(async () => {
    await route.close();
    for (const socket of accepted) socket.destroy();
    await new Promise((done) => server.close(done));
  });

  const join = async (): Promise<{ near: Socket; far: Socket }> => {
    const near = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    near.on('error', () => {});
    const far = await waitFor(() => accepted[0], { what: 'the connection at the target' });
    return { near, far };
  };

  it('takes one round trip longer for a question and its answer, and one more for the first', async () => {
    let from = performance.now();
    const { near, far } = await join();
    far.on('data', (bytes) => far.write(bytes));
    const tookMs: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      near.write('?');
      await once(near, 'data');
      tookMs.push(performance.now() - from);
      from = performance.now();
    }
    // What this machine takes itself comes on top; it is never less.
    expect(Math.min(...tookMs)).toBeGreaterThanOrEqual(ROUND_TRIP_MS - 1);
    expect(Math.min(...tookMs.slice(1))).toBeLessThan(2 * ROUND_TRIP_MS);
    expect(tookMs[0]).toBeGreaterThanOrEqual(2 * ROUND_TRIP_MS - 5);
  });

  it('carries megabytes both ways at once, in order', async () => {
    const { near, far } = await join();
    const up = randomBytes(9_000_000);
    const down = randomBytes(9_000_000);
    const hashOf = async (socket: Socket): Promise<string> => {
      const hash = createHash('sha256');
      for await (const bytes of socket) hash.update(bytes as Buffer);
      return hash.digest('hex');
    };
    near.end(up);
    far.end(down);
    const [gotUp, gotDown] = await Promise.all([hashOf(far), hashOf(near)]);
    expect(gotUp).toBe(createHash('sha256').update(up).digest('hex'));
    expect(gotDown).toBe(createHash('sha256').update(down).digest('hex'));
    expect(carried).toBe(18_000_000);
  });

  it('keeps a half-close: one direction ends, the other goes on', async () => {
    const { near, far } = await join();
    far.resume();
    near.end('last');
    await once(far, 'end');
    far.write('still here');
    expect(String((await once(near, 'data'))[0])).toBe('still here');
    far.end();
    await once(near, 'close');
    await waitFor(() => route.connections === 0, { what: 'no connection left' });
  });

  it('stops a writer whose reader does not read, and holds no more than its limit and what sockets hold', async () => {
    const { near, far } = await join();
    far.pause();
    const chunk = Buffer.alloc(256 * 1024);
    const socketBuffers = 16 * 1024 * 1024;
    for (let written = 0; written < 64 * 1024 * 1024; written += chunk.length) near.write(chunk);
    let before = -1;
    await waitFor(
      () => {
        const still = carried === before && carried > 0;
        before = carried;
        return still;
      },
      { everyMs: 300, what: 'the route to stop taking bytes' },
    );
    expect(carried).toBeLessThan(ROUTE_LIMITS.bytesUnderWay + socketBuffers);
    far.resume();
    near.end();
    await once(far, 'end');
    expect(carried).toBe(64 * 1024 * 1024);
  });

  it('passes a reset on', async () => {
    const { near, far } = await join();
    near.write('x');
    await once(far, 'data');
    far.resetAndDestroy();
    const [error] = (await once(near, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });

  it('resets who comes when the target is not there', async () => {
    await new Promise((done) => server.close(done));
    const near = connect({ port, host: '127.0.0.1' });
    const [error] = (await once(near, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    server.listen(0);
  });
});
