import { createServer } from 'node:net';
import { Network } from '../../support/network.ts';
import { freePort } from '../../support/servers.mjs';
import { holdsFor, waitFor } from '../../support/wait-for.ts';
import { World } from './harness.ts';
import { iso } from './peers.ts';

describe('silence between two sidecars', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.clear());

  /** A link over a network that can be frozen, and its application signed on. */
  async function onNetwork(env: Record<string, string>) {
    const backend = await world.backend();
    const server = await world.server('server-1', [backend], env);
    const client = await world.client(env);
    const network = await Network.before(server.address, (ending) => world.ends(ending));
    await world.place(client, server, 1, { address: network.address });
    const application = await world.application(client.port);
    application.send(iso('0800', 'on'));
    await application.got('0810on');
    return { backend, server, client, network, application };
  }

  it('is noticed by both within three keepalives; each stops before it says so', async () => {
    const env = { TRUNKLINE_KEEPALIVE_INTERVAL_MS: '200' };
    const server = await world.server('server-1', [await world.backend()], env);
    const client = await world.client(env);
    const network = await Network.before(server.address, (ending) => world.ends(ending));
    await world.place(client, server, 1, { address: network.address });
    await waitFor(() => client.carrier.health()[0]?.rtt_ms !== undefined);

    network.freeze();
    const since = performance.now();
    expect(await client.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'keepalive-timeout' });
    expect(performance.now() - since).toBeGreaterThan(300);
    expect(await server.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'keepalive-timeout' });
    expect([client.carrier.carrying, server.carrier.carrying]).toEqual([0, 0]);
  });

  it('shorter than a peer may be silent moves nothing, and loses nothing', async () => {
    const { client, server, network, application } = await onNetwork({ TRUNKLINE_KEEPALIVE_MISSES: '6' });
    network.freeze();
    application.send(iso('0200', 'meanwhile'));
    await holdsFor(1_200, () => client.carrier.carrying === 1 && server.carrier.carrying === 1);
    expect(application.messages.texts).toEqual(['0810on']);
    network.thaw();
    await application.got('0210meanwhile');
    // What was late is not counted against a path that goes on.
    await holdsFor(3_200, () => client.carrier.carrying === 1 && server.carrier.carrying === 1);
    for (const { log } of [client, server]) expect(log.facts('connection-lost')).toEqual([]);
  });

  it('of a network that comes back is too late: each side said so once, and the old epoch is over', async () => {
    const { client, server, network, application, backend } = await onNetwork({
      TRUNKLINE_KEEPALIVE_INTERVAL_MS: '200',
    });
    network.freeze();
    application.send(iso('0200', 'lost on its way'));
    for (const { log } of [client, server]) {
      expect(await log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'keepalive-timeout' });
    }
    network.thaw();
    expect(await world.connect(client, server, 1)).toMatchObject({ reason: 'stale-epoch' });
    expect(await world.accept(server, 1)).toMatchObject({ reason: 'stale-epoch' });
    await world.place(client, server, 2, { address: network.address });
    application.send(iso('0200', 'after'));
    await application.got('0210after');
    expect(backend.received).toEqual(['0800on', '0200after']);
    for (const { log } of [client, server]) expect(log.facts('connection-lost')).toHaveLength(1);
  });

  it('of a host that takes purchases and answers echoes alone shows in the reports within seconds', async () => {
    const backend = await world.backend();
    const server = await world.server('server-1', [backend]);
    const client = await world.client({ TRUNKLINE_RESPONSE_TIMEOUT_MS: '500' });
    await world.place(client, server, 1);
    const application = await world.application(client.port);
    backend.swallows = (text) => text.startsWith('0200');
    const traffic = setInterval(() => application.send(iso('0200', 'purchase'), iso('0800', 'echo')), 50);
    world.ends(() => clearInterval(traffic));
    await waitFor(
      () =>
        client.log
          .facts('health-report')
          .flatMap(({ connections }) => connections as { unanswered_ratio: number }[])
          .some(({ unanswered_ratio }) => unanswered_ratio > 0.4),
      { what: 'a report that tells' },
    );
  });

  it('of a server that never answers the dial fails the connect in time', async () => {
    const client = await world.client();
    const port = await freePort();
    const mute = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => mute.listen(port, '127.0.0.1', resolve));
    world.ends(() => mute.close());
    const answer = await world.command(client, 'connect', 1, {
      server_id: 'server-1',
      address: `127.0.0.1:${port}`,
    });
    expect(answer).toMatchObject({ answer: 'command-failed', reason: 'dial-timeout' });
  });

  it('of nobody at all fails the connect at once, and a server with another name is not believed', async () => {
    const client = await world.client();
    const nobody = `127.0.0.1:${await freePort()}`;
    expect(
      await world.command(client, 'connect', 1, { server_id: 'server-1', address: nobody }),
    ).toMatchObject({
      answer: 'command-failed',
      reason: 'dial-failed',
    });
    const server = await world.server('server-1', [await world.backend()]);
    const answer = await world.command(client, 'connect', 2, {
      server_id: 'server-2',
      address: server.address,
    });
    expect(answer).toMatchObject({ answer: 'command-failed', reason: 'handshake-refused' });
    expect(await world.connect(client, server, 2)).toMatchObject({
      answer: 'command-refused',
      reason: 'stale-epoch',
    });
  });

  it('of the old side is no danger: a higher epoch ends it, and the lower one is never taken up again', async () => {
    const backends = [await world.backend(), await world.backend()] as const;
    const first = await world.server('server-1', [backends[0]]);
    const second = await world.server('server-2', [backends[1]]);
    const client = await world.client();
    await world.place(client, first, 1);
    await world.place(client, second, 2);
    expect(await first.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'peer-closed' });
    // The client gave its end up before it stood anew, and said so: it lives.
    const said = client.log.records.map(({ type }) => type);
    expect(said.indexOf('connection-lost')).toBeLessThan(said.lastIndexOf('new-connection-established'));
    expect(await world.connect(client, first, 1)).toMatchObject({
      answer: 'command-refused',
      reason: 'stale-epoch',
    });
    const disconnected = await world.command(client, 'disconnect', 1, { requests: 'close' });
    expect(disconnected).toMatchObject({ answer: 'command-refused', reason: 'stale-epoch' });
    expect(client.carrier.health()).toMatchObject([{ epoch: 2, status: 'active' }]);
  });
});
