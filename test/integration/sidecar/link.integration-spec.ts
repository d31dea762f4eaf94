import type { HealthReport } from '#libs/contracts';
import { waitFor } from '../../support/wait-for.ts';
import { CLIENT, CONNECTION, World } from './harness.ts';
import { Application, iso } from './peers.ts';

describe('a link between two sidecars', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.clear());

  it('carries requests and responses once both commands ran, and says that it stands', async () => {
    const backend = await world.backend();
    const server = await world.server('server-1', [backend]);
    const client = await world.client();
    await expect(Application.connect(client.port)).rejects.toThrow('ECONNREFUSED');

    await world.place(client, server, 1);
    expect(await client.log.fact('new-connection-established')).toMatchObject({
      connection_id: CONNECTION,
      server_id: 'server-1',
      epoch: 1,
      home_region: 'east',
    });

    const application = await world.application(client.port);
    application.send(iso('0800', 'sign-on'), iso('0200', 'one'));
    await application.got('0810sign-on');
    await application.got('0210one');
    expect(backend.received).toEqual(['0800sign-on', '0200one']);
    await expect(Application.connect(client.port)).rejects.toThrow('ECONNREFUSED');
  });

  it('moves to another server with the application connected, and sends nothing twice', async () => {
    const backends = [await world.backend(), await world.backend()] as const;
    const first = await world.server('server-1', [backends[0]]);
    const second = await world.server('server-2', [backends[1]]);
    const client = await world.client();
    await world.place(client, first, 1);
    const application = await world.application(client.port);
    application.send(iso('0200', 'a'));
    await application.got('0210a');
    backends[0].swallows = () => true;
    application.send(iso('0200', 'b'));
    await waitFor(() => backends[0].received.includes('0200b'));

    await first.stop();
    expect(await client.log.fact('connection-lost')).toMatchObject({
      epoch: 1,
      reason: 'peer-closed',
      observed_by: 'client-sidecar',
    });
    application.send(iso('0200', 'c'));
    await world.place(client, second, 2);
    await application.got('0210c');
    expect(application.isClosed).toBe(false);
    expect(backends[1].received).toEqual(['0200c']);
  });

  it('is told of with its group by the server, where the command named one', async () => {
    const server = await world.server('server-1', [await world.backend()]);
    await world.command(server, 'accept-client', 1, { client_id: CLIENT, link_group: 'primary-pair' });
    await world.command(server, 'accept-client', 1, { client_id: CLIENT, connection_id: 'bank-1:other' });
    const told = await waitFor(
      () => {
        const report = server.log.facts('health-report').at(-1) as HealthReport | undefined;
        return report?.connections.length === 2 && report.connections;
      },
      { what: 'a report of both' },
    );
    expect(told).toMatchObject([{ connection_id: CONNECTION, link_group: 'primary-pair' }, {}]);
    expect(told[1]).not.toHaveProperty('link_group');
  });
});
