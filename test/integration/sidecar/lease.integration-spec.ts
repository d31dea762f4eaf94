import { waitFor } from '../../support/wait-for.ts';
import { CONNECTION, type Running, World } from './harness.ts';
import { type Backend, iso } from './peers.ts';

describe('the lease of a sidecar', () => {
  let world: World;
  let backend: Backend;
  let server: Running;
  let client: Running & { port: number };
  beforeEach(async () => {
    world = new World();
    backend = await world.backend();
    server = await world.server('server-1', [backend]);
    client = await world.client({
      TRUNKLINE_LINKS: JSON.stringify([{ connection_id: CONNECTION, server_group: 'scheme' }]),
    });
    await world.place(client, server, 1);
  });
  afterEach(() => world.clear());

  it('is what a client has before it asks for its links', async () => {
    const request = await client.log.fact('connection-request');
    expect(request).toMatchObject({
      connection_id: CONNECTION,
      kind: 'link',
      client_id: 'bank-1',
      server_group: 'scheme',
      incarnation: client.agent.vigil.incarnation,
    });
    const types = client.log.records.map(({ type }) => type);
    expect(types.indexOf('health-report')).toBeLessThan(types.indexOf('connection-request'));
  });

  it('lets the link go on without Kafka, whose return brings every fact', async () => {
    const application = await world.application(client.port);
    client.log.isAway = true;
    server.log.isAway = true;
    application.send(iso('0200', 'a'));
    await application.got('0210a');
    const answered = world.command(client, 'disconnect', 1, { requests: 'hold' });
    await waitFor(() => client.carrier.carrying === 0);
    expect(client.log.facts('command-succeeded')).toHaveLength(1);
    client.log.isAway = false;
    expect(await answered).toMatchObject({ answer: 'command-succeeded' });
  });

  it('ends everything with its own end, and a new life asks for the links again', async () => {
    const application = await world.application(client.port);
    const life = client.agent.vigil.incarnation;
    client.log.isAway = true;
    client.clock.bootAheadMs += 61_000;
    application.send(iso('0200', 'too late'));
    await waitFor(() => application.isClosed);
    expect(client.carrier.carrying).toBe(0);
    expect(client.agent.vigil.incarnation).not.toBe(life);
    client.log.isAway = false;
    expect(await client.log.fact('connection-lost', 8_000)).toMatchObject({
      epoch: 1,
      reason: 'lease-lapsed',
      incarnation: life,
    });
    await waitFor(() => client.log.facts('connection-request').length === 2);
    expect(client.log.facts('connection-request')[1]?.incarnation).toBe(client.agent.vigil.incarnation);
    expect(
      await world.command(client, 'disconnect', 1, { incarnation: life, requests: 'hold' }),
    ).toMatchObject({
      answer: 'command-refused',
      reason: 'other-incarnation',
    });
    await world.place(client, server, 2);
  });

  it('is not enough for a process that was asleep: it stops before it handles anything', async () => {
    const application = await world.application(client.port);
    application.send(iso('0200', 'a'));
    await application.got('0210a');
    server.clock.bootAheadMs += 1_600;
    application.send(iso('0200', 'b'));
    expect(await server.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'asleep' });
    expect(await client.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'peer-closed' });
    expect(application.messages.texts).not.toContain('0210b');
    await world.place(client, server, 2);
    application.send(iso('0200', 'c'));
    await application.got('0210c');
  });

  it('of a client that slept ends its application too: what queued up meanwhile is not sent late', async () => {
    const application = await world.application(client.port);
    application.send(iso('0200', 'a'));
    await application.got('0210a');
    client.clock.bootAheadMs += 1_600;
    application.send(iso('0200', 'queued up'));
    await waitFor(() => application.isClosed);
    expect(await client.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'asleep' });
    expect(client.carrier.held).toBe(0);
    await world.place(client, server, 2);
    const next = await world.application(client.port);
    next.send(iso('0200', 'c'));
    await next.got('0210c');
    expect(backend.received).toEqual(['0200a', '0200c']);
  });

  it('of a server that lapsed takes no client before a report of its new life', async () => {
    const life = server.agent.vigil.incarnation;
    server.log.isAway = true;
    server.clock.bootAheadMs += 61_000;
    await waitFor(() => server.agent.vigil.incarnation !== life);
    const refused = world.accept(server, 2);
    server.log.isAway = false;
    expect(await refused).toMatchObject({ answer: 'command-refused', reason: 'lease-lapsed' });
  });
});
