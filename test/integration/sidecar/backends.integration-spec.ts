import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { spiffeId } from '#libs/contracts';
import { Network } from '../../support/network.ts';
import { freePort } from '../../support/servers.mjs';
import { waitFor } from '../../support/wait-for.ts';
import { World } from './harness.ts';
import { type Application, Backend, iso } from './peers.ts';

const RESET = { TRUNKLINE_CUTOVER: 'reset' };

describe('the pool of a server sidecar', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.clear());

  /** A link whose server has this pool. */
  async function over(backends: readonly Backend[], ofClient: Record<string, string> = {}) {
    const server = await world.server('server-1', [...backends]);
    const client = await world.client(ofClient);
    await world.place(client, server, 1);
    return { server, client };
  }

  /** The same over a pool of two entries, its application connected. */
  async function overTwo(ofClient: Record<string, string> = {}) {
    const backends = [await world.backend(), await world.backend()] as const;
    const link = await over(backends, ofClient);
    return { backends, ...link, application: await world.application(link.client.port) };
  }

  async function signOn(application: Application, text: string): Promise<void> {
    application.send(iso('0800', text));
    await application.got(`0810${text}`);
  }

  it('gives the link to another entry when its own dies, without a decision, and sends nothing twice', async () => {
    const { backends, server, client, application } = await overTwo();
    application.send(iso('0200', 'a'));
    await application.got('0210a');
    backends[0].swallows = () => true;
    application.send(iso('0200', 'b'));
    await waitFor(() => backends[0].received.includes('0200b'));

    backends[0].kill();
    application.send(iso('0200', 'c'));
    await application.got('0210c');
    expect(backends[1].received).toEqual(['0200c']);
    expect(await server.log.fact('backend-changed')).toMatchObject({
      epoch: 1,
      from: `127.0.0.1:${backends[0].port}`,
      to: `127.0.0.1:${backends[1].port}`,
    });
    expect(client.log.facts('connection-lost')).toEqual([]);
    expect(application.isClosed).toBe(false);
  });

  it('dials its own entry again while that lives, and says nothing', async () => {
    const { backends, server, application } = await overTwo();
    await signOn(application, 'on');
    for (const socket of backends[0].sockets) socket.end();
    await waitFor(() => backends[0].taken === 2);
    application.send(iso('0200', 'a'));
    await application.got('0210a');
    expect(backends[0].received).toEqual(['0800on', '0200a']);
    expect(server.log.facts('backend-changed')).toEqual([]);
  });

  it('drops the half of a response that a dying entry sent', async () => {
    const { backends, application } = await overTwo();
    await signOn(application, 'on');
    const half = iso('0210', 'half a response').subarray(0, 9);
    for (const socket of backends[0].sockets) socket.write(Buffer.concat([iso('0800', 'whole'), half]));
    await application.got('0800whole');
    backends[0].kill();
    application.send(iso('0200', 'b'));
    await application.got('0210b');
    expect(application.messages.texts).toEqual(['0810on', '0800whole', '0210b']);
  });

  it('lets the application sign on again at another entry, with cutover reset', async () => {
    const { backends, client, application } = await overTwo(RESET);
    await signOn(application, 'on');
    backends[0].kill();
    await waitFor(() => application.isClosed);
    const next = await world.application(client.port);
    await signOn(next, 'again');
    expect(backends[1].received).toEqual(['0800again']);
  });

  it('does not give another entry what waited for it, with cutover reset: it was not signed on there', async () => {
    const backends = [await world.backend(), await world.backend()] as const;
    // Between the two one that never ends its handshake, so that requests have to wait.
    const stuck: Socket[] = [];
    const between = createServer((socket) => stuck.push(socket.on('error', () => {})));
    const port = await freePort();
    await new Promise<void>((resolve) => between.listen(port, '127.0.0.1', resolve));
    world.ends(() => between.close());
    const entries = [backends[0].port, port, backends[1].port].map((each) => ({
      host: '127.0.0.1',
      port: each,
      max_connections: 1,
      ...(each === port ? { tls: { server_name: 'localhost' } } : {}),
    }));
    const server = await world.server('server-1', [], { ...RESET, TRUNKLINE_POOL: JSON.stringify(entries) });
    const client = await world.client(RESET);
    await world.place(client, server, 1);
    const application = await world.application(client.port);
    await signOn(application, 'on');
    backends[0].kill();
    await waitFor(() => stuck.length > 0);
    application.send(iso('0200', 'held'));
    await waitFor(() => server.carrier.held === 1);
    for (const socket of stuck) socket.destroy();
    await waitFor(() => application.isClosed);
    const next = await world.application(client.port);
    await signOn(next, 'again');
    expect(backends[1].received).toEqual(['0800again']);
    expect(await server.registry.metrics()).toMatch(
      /messages_dropped_total\{.*reason="backend-changed".*\} 1$/m,
    );
  });

  it('does not give another entry what was on its way to it, with cutover reset, before the client knew', async () => {
    const backends = [await world.backend(), await world.backend()] as const;
    const server = await world.server('server-1', [...backends], RESET);
    const client = await world.client(RESET);
    const network = await Network.before(server.address, (ending) => world.ends(ending));
    await world.place(client, server, 1, { address: network.address });
    const application = await world.application(client.port);
    await signOn(application, 'on');
    // The client is told of nothing until the network goes on, and what it sends comes in when the backend is another.
    network.freeze('to-near');
    backends[0].kill();
    await waitFor(() => backends[1].taken === 1);
    application.send(iso('0200', 'on its way'));
    const drops = /messages_dropped_total\{.*reason="backend-changed".*\} 1$/m;
    await waitFor(async () => drops.test(await server.registry.metrics()), { what: 'a counted drop' });
    network.thaw();
    await waitFor(() => application.isClosed);
    const next = await world.application(client.port);
    next.send(iso('0800', 'again'), iso('0200', 'after'));
    await next.got('0210after');
    expect(backends[1].received).toEqual(['0800again', '0200after']);
    expect(server.log.facts('connection-lost')).toEqual([]);
  });

  it('gives the link up when no entry is left', async () => {
    const backend = await world.backend();
    const { server, client } = await over([backend]);
    backend.kill();
    expect(await server.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'backend-lost' });
    expect(await client.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'peer-closed' });
    const lines = world.logLines.map((line): Record<string, unknown> => JSON.parse(line));
    const { level, time, pid, hostname, ...said } =
      lines.find(({ msg, server_id }) => msg === 'path lost' && server_id !== undefined) ?? {};
    expect(said).toEqual({
      connection_id: 'bank-1:primary',
      epoch: 1,
      server_id: 'server-1',
      reason: 'peer-closed',
      msg: 'path lost',
    });
  });

  it('gives the link up when its entry takes connections and serves nobody', async () => {
    const backend = await world.backend();
    const { server } = await over([backend]);
    backend.closesAtOnce = true;
    for (const socket of backend.sockets) socket.end();
    expect(await server.log.fact('connection-lost')).toMatchObject({ reason: 'backend-lost' });
  });

  it('refuses a client when no entry answers; both sides say so', async () => {
    const server = await world.server('server-1', [new Backend(await freePort())]);
    const client = await world.client();
    const [accepted, connected] = await Promise.all([
      world.accept(server, 1),
      world.connect(client, server, 1),
    ]);
    expect(accepted.answer).toBe('command-succeeded');
    expect(connected).toMatchObject({ answer: 'command-failed', reason: 'no-backend' });
    expect(await server.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'backend-lost' });
  });

  it('takes no more links than its entries have room for', async () => {
    const backend = await world.backend();
    const pool = [{ host: '127.0.0.1', port: backend.port, max_connections: 1 }];
    const server = await world.server('server-1', [], { TRUNKLINE_POOL: JSON.stringify(pool) });
    expect(server.carrier.capacity).toBe(1);
    expect((await world.accept(server, 1)).answer).toBe('command-succeeded');
    const other = { client_id: 'bank-1', connection_id: 'bank-1:other' };
    expect(await world.command(server, 'accept-client', 1, other)).toMatchObject({
      answer: 'command-refused',
      reason: 'full',
    });
    await world.command(server, 'stop-sending-to-client', 1);
    expect((await world.command(server, 'accept-client', 2, other)).answer).toBe('command-succeeded');
  });

  it('reaches an entry over TLS, from the address it is told to use', async () => {
    const pki = await world.pki([{ name: 'host', uri: spiffeId('west', 'server-sidecar', 'host') }]);
    const file = (name: string): string => join(pki, name);
    const from: (string | undefined)[] = [];
    const host = createTlsServer(
      { cert: readFileSync(file('host.crt')), key: readFileSync(file('host.key')) },
      (socket) => {
        from.push(socket.remoteAddress);
        socket.on('error', () => {});
        socket.on('data', () => socket.write(iso('0810', 'over TLS')));
      },
    );
    const port = await freePort();
    await new Promise<void>((resolve) => host.listen(port, '127.0.0.1', resolve));
    world.ends(() => host.close());
    const entry = {
      host: '127.0.0.1',
      port,
      max_connections: 1,
      source_address: '127.0.0.2',
      tls: { ca: file('ca.crt'), server_name: 'localhost' },
    };
    const server = await world.server('server-1', [], { TRUNKLINE_POOL: JSON.stringify([entry]) });
    const client = await world.client();
    await world.place(client, server, 1);
    const application = await world.application(client.port);
    application.send(iso('0800'));
    await application.got('0810over TLS');
    expect(from).toEqual(['127.0.0.2']);
  });
});
