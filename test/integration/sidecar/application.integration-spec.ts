import { createServer, type Socket } from 'node:net';
import { createAdminServer } from '#libs/platform';
import { freePort } from '../../support/servers.mjs';
import { waitFor } from '../../support/wait-for.ts';
import { CONNECTION, type Running, World } from './harness.ts';
import { Application, type Backend, iso, Messages } from './peers.ts';

const CARD = '4929123456789017';

describe('the application of a client sidecar', () => {
  let world: World;
  let backend: Backend;
  let server: Running;
  beforeEach(async () => {
    world = new World();
    backend = await world.backend();
    server = await world.server('server-1', [backend]);
  });
  afterEach(() => world.clear());

  const counted = async (running: Running, metric: string, label: string): Promise<boolean> =>
    (await running.registry.metrics())
      .split('\n')
      .some((line) => line.startsWith(`trunkline_sidecar_${metric}{`) && line.includes(label));

  it('is one at a time: a second one is refused while the first lives, and let in after', async () => {
    const client = await world.client();
    await world.place(client, server, 1);
    const first = await world.application(client.port);
    first.send(iso('0800', 'first'));
    await first.got('0810first');
    await expect(Application.connect(client.port)).rejects.toThrow('ECONNREFUSED');
    first.socket.end();
    const second = await world.application(client.port);
    second.send(iso('0800', 'second'));
    await second.got('0810second');
  });

  it.each([
    ['length 0', Buffer.from([0, 0]), 'message-empty'],
    ['too little for a type', Buffer.from([0, 2, 0x30, 0x32]), 'message-too-short'],
    ['no type', iso('GET /'), 'mti-unreadable'],
    ['more than it may have', iso('0200', 'x'.repeat(297)), 'message-too-large'],
  ])(
    'is let go for a message of %s, with a counted reason; the path goes on',
    async (_what, bytes, reason) => {
      const client = await world.client({ TRUNKLINE_FRAMING_MAX_BYTES: '300' });
      await world.place(client, server, 1);
      const application = await world.application(client.port);
      application.send(iso('0200', 'good'), bytes, iso('0200', 'never'));
      await waitFor(() => application.isClosed);
      expect(await counted(client, 'application_closed_total', `reason="${reason}"`)).toBe(true);
      const next = await world.application(client.port);
      next.send(iso('0800', 'next'));
      await next.got('0810next');
      expect(backend.received).not.toContain('0200never');
      expect(client.log.facts('connection-lost')).toEqual([]);
    },
  );

  it('is let go when a message stays half sent, and nothing of it is carried', async () => {
    const client = await world.client();
    await world.place(client, server, 1);
    const application = await world.application(client.port);
    application.send(iso('0800', 'whole'), iso('0200', 'half').subarray(0, 5));
    await application.got('0810whole');
    client.clock.aheadMs += 10_001;
    await waitFor(() => application.isClosed);
    expect(await counted(client, 'application_closed_total', 'message-half-sent')).toBe(true);
    expect(backend.received).toEqual(['0800whole']);
  });

  it('may send slowly, byte by byte', async () => {
    const client = await world.client();
    await world.place(client, server, 1);
    const application = await world.application(client.port);
    for (const byte of iso('0200', 'slow')) {
      await new Promise<unknown>((sent) => application.socket.write(Buffer.from([byte]), sent));
    }
    await application.got('0210slow');
  });

  it('may speak a framing of its own: 4 digits that count themselves, a TPDU, the type in BCD', async () => {
    const env = {
      TRUNKLINE_FRAMING_LENGTH: 'ascii-4',
      TRUNKLINE_FRAMING_INCLUSIVE: 'true',
      TRUNKLINE_FRAMING_SKIP: '5',
      TRUNKLINE_FRAMING_MTI: 'bcd',
    };
    const port = await freePort();
    const received: Buffer[] = [];
    const host = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        received.push(chunk);
        socket.write(Buffer.from('00116000020001021039', 'latin1').subarray(0, 4));
        socket.write(Buffer.from('60000200010210', 'hex'));
      });
    });
    await new Promise<void>((resolve) => host.listen(port, '127.0.0.1', resolve));
    world.ends(() => host.close());
    const pool = JSON.stringify([{ host: '127.0.0.1', port, max_connections: 1 }]);
    const framed = await world.server('server-2', [], { ...env, TRUNKLINE_POOL: pool });
    const client = await world.client(env);
    await world.place(client, framed, 1);
    const application = await world.application(client.port);
    const bytes: Buffer[] = [];
    application.socket.on('data', (chunk) => bytes.push(chunk));
    const request = Buffer.concat([Buffer.from('0011'), Buffer.from('60000100020200', 'hex')]);
    application.send(request);
    await waitFor(() => Buffer.concat(bytes).length >= 11);
    expect(Buffer.concat(received)).toEqual(request);
    expect(Buffer.concat(bytes)).toEqual(
      Buffer.concat([Buffer.from('0011'), Buffer.from('60000200010210', 'hex')]),
    );
  });

  it('may be dialled instead, again and again while a path stands', async () => {
    const port = await freePort();
    const came: Socket[] = [];
    const messages = new Messages();
    const application = createServer((socket) => {
      came.push(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk) => messages.push(chunk));
      socket.write(iso('0800', `call ${came.length}`));
    });
    await new Promise<void>((resolve) => application.listen(port, '127.0.0.1', resolve));
    world.ends(() => application.close());
    const client = await world.client({ TRUNKLINE_APPLICATION_PORTS: `dial:127.0.0.1:${port}` });
    expect(came).toEqual([]);
    await world.place(client, server, 1);
    await waitFor(() => messages.texts.includes('0810call 1'));
    came[0]?.destroy();
    await waitFor(() => messages.texts.includes('0810call 2'));
    for (const socket of came) socket.destroy();
  });

  it('is one to a port: a link more is refused, and gets the port once it is free', async () => {
    const client = await world.client();
    await world.place(client, server, 1);
    const other = { connection_id: 'bank-1:other', server_id: 'server-1', address: server.address };
    expect(await world.command(client, 'connect', 1, other)).toMatchObject({
      answer: 'command-refused',
      reason: 'no-free-port',
    });
    await world.command(client, 'disconnect', 1, { requests: 'close' });
    await world.command(server, 'accept-client', 2, { client_id: 'bank-1', connection_id: 'bank-1:other' });
    expect(await world.command(client, 'connect', 2, other)).toMatchObject({ answer: 'command-succeeded' });
  });

  it('gets a port that a link keeps with nothing on it, unless this client requested that link itself', async () => {
    const nowhere = { server_id: 'server-1', address: `127.0.0.1:${await freePort()}` };
    const other = { connection_id: 'bank-1:other', server_id: 'server-1', address: server.address };
    await world.command(server, 'accept-client', 1, { client_id: 'bank-1', connection_id: 'bank-1:other' });
    const client = await world.client();
    expect(await world.command(client, 'connect', 1, nowhere)).toMatchObject({ reason: 'dial-failed' });
    expect(await world.command(client, 'connect', 1, other)).toMatchObject({ answer: 'command-succeeded' });
    await client.stop();

    const links = JSON.stringify([{ connection_id: CONNECTION, server_group: 'scheme' }]);
    const owner = await world.client({ TRUNKLINE_LINKS: links });
    expect(await world.command(owner, 'connect', 1, nowhere)).toMatchObject({ reason: 'dial-failed' });
    expect(await world.command(owner, 'connect', 2, other)).toMatchObject({ reason: 'no-free-port' });
  });

  it('leaves no card number in any log line, fact, report or metric', async () => {
    const client = await world.client();
    await world.place(client, server, 1);
    const application = await world.application(client.port);
    backend.swallows = (text) => text.includes('swallowed');
    application.send(iso('0200', `${CARD} answered`), iso('0200', `${CARD} swallowed`));
    await application.got(`0210${CARD} answered`);
    application.send(Buffer.concat([iso('0200', CARD), Buffer.from([0, 0]), Buffer.from(CARD)]));
    await waitFor(() => application.isClosed);
    await server.stop();
    await client.log.fact('connection-lost');
    const everything = [
      ...world.logLines,
      JSON.stringify(client.log.records),
      JSON.stringify(server.log.records),
      await client.registry.metrics(),
      await server.registry.metrics(),
    ].join('\n');
    expect(everything).toContain('connection-lost');
    expect(everything).not.toContain(CARD);
  });

  it('is told of by the admin port: live, ready, active only while it carries', async () => {
    const client = await world.client();
    const admin = createAdminServer(client.registry, {
      ready: () => ({ ready: client.agent.vigil.leaseLeftMs > 0 }),
      carrying: () => client.carrier.carrying,
    });
    const port = await freePort();
    await new Promise<void>((resolve) => admin.listen(port, '127.0.0.1', resolve));
    world.ends(() => admin.close());
    const statusOf = async (path: string): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    expect([await statusOf('/health/live'), await statusOf('/health/ready')]).toEqual([200, 200]);
    expect(await statusOf('/health/active')).toBe(503);
    await world.place(client, server, 1);
    expect(await statusOf('/health/active')).toBe(200);
    expect(await statusOf('/metrics')).toBe(200);
    expect(await statusOf('/else')).toBe(404);
  });
});
