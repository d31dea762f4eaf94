import { connect, createServer, type Socket } from 'node:net';
import { splitAddress } from '#libs/relay';
import { freePort } from '../../support/servers.mjs';
import { waitFor } from '../../support/wait-for.ts';
import { World } from './harness.ts';
import { iso } from './peers.ts';

/** A network between two sidecars that can fall silent without a reset. */
class Network {
  readonly sockets: Socket[] = [];
  private constructor(readonly address: string) {}

  static async before(address: string, ends: (ending: () => void) => void): Promise<Network> {
    const port = await freePort();
    const network = new Network(`127.0.0.1:${port}`);
    const relay = createServer((near) => {
      const far = connect(splitAddress(address));
      for (const socket of [near, far]) {
        socket.on('error', () => {});
        network.sockets.push(socket);
      }
      near.on('data', (chunk) => far.write(chunk));
      far.on('data', (chunk) => near.write(chunk));
    });
    await new Promise<void>((resolve) => relay.listen(port, '127.0.0.1', resolve));
    ends(() => {
      relay.close();
      for (const socket of network.sockets) socket.destroy();
    });
    return network;
  }

  fallSilent(): void {
    for (const socket of this.sockets) socket.removeAllListeners('data').on('data', () => {});
  }
}

describe('silence between two sidecars', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.clear());

  it('is noticed by both within three keepalives; each stops before it says so', async () => {
    const env = { TRUNKLINE_KEEPALIVE_INTERVAL_MS: '200' };
    const server = await world.server('server-1', [await world.backend()], env);
    const client = await world.client(env);
    const network = await Network.before(server.address, (ending) => world.ends(ending));
    const connected = world.command(client, 'connect', 1, {
      server_id: 'server-1',
      address: network.address,
    });
    await world.accept(server, 1);
    expect(await connected).toMatchObject({ answer: 'command-succeeded' });
    await waitFor(() => client.carrier.health()[0]?.rtt_ms !== undefined);

    network.fallSilent();
    const since = performance.now();
    expect(await client.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'keepalive-timeout' });
    expect(performance.now() - since).toBeGreaterThan(300);
    expect(await server.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'keepalive-timeout' });
    expect([client.carrier.carrying, server.carrier.carrying]).toEqual([0, 0]);
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
      { withinMs: 8_000, what: 'a report that tells' },
    );
  });

  it('of a server that never answers the dial fails the connect in time', async () => {
    const client = await world.client();
    const port = await freePort();
    const mute = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => mute.listen(port, '127.0.0.1', resolve));
    world.ends(() => mute.close());
    const since = performance.now();
    const answer = await world.command(client, 'connect', 1, {
      server_id: 'server-1',
      address: `127.0.0.1:${port}`,
    });
    expect(answer).toMatchObject({ answer: 'command-failed', reason: 'dial-timeout' });
    expect(performance.now() - since).toBeLessThan(5_000);
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
    expect(await world.connect(client, first, 1)).toMatchObject({
      answer: 'command-refused',
      reason: 'stale-epoch',
    });
    const disconnected = await world.command(client, 'disconnect', 1, { requests: 'close' });
    expect(disconnected).toMatchObject({ answer: 'command-refused', reason: 'stale-epoch' });
    expect(client.carrier.health()).toMatchObject([{ epoch: 2, status: 'active' }]);
  });
});
