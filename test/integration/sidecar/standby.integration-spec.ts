import { freePort } from '../../support/servers.mjs';
import { holdsFor, waitFor } from '../../support/wait-for.ts';
import type { Control } from './control.ts';
import { CONNECTION, type Running, World } from './harness.ts';
import { Application, type Backend, iso } from './peers.ts';

const STAND_IN = { name: 'activate-dr-client' } as const;

describe('a client sidecar and the /control of its application', () => {
  let world: World;
  let backend: Backend;
  let server: Running;
  let control: Control;
  beforeEach(async () => {
    world = new World();
    backend = await world.backend();
    server = await world.server('server-1', [backend]);
    control = await world.control();
  });
  afterEach(() => world.clear());

  const told = (...commands: string[]): Promise<void> =>
    waitFor(() => control.told.length >= commands.length, { what: commands.join() }).then(() =>
      expect(control.commands).toEqual(commands),
    );
  const nowhere = async () => ({ server_id: 'server-1', address: `127.0.0.1:${await freePort()}` });
  const dropped = async (client: Running): Promise<string | undefined> =>
    (await client.registry.metrics())
      .split('\n')
      .find((line) => line.startsWith('trunkline_sidecar_messages_dropped_total{'));

  it('tells it when its path stands and when it is taken away', async () => {
    const client = await world.client(control.env);
    await world.place(client, server, 1);
    await told('activate 1');
    await world.disconnect(client, 1, 'close');
    await told('activate 1', 'deactivate 1');
    expect(control.told[0]).toEqual({ command: 'activate', connection_id: CONNECTION, epoch: 1 });
  });

  it('tells it again after it was started again, for it knows nothing then', async () => {
    const client = await world.client(control.env);
    await world.place(client, server, 1);
    await told('activate 1');
    control.kill();
    await control.listen();
    await told('activate 1', 'activate 1');
  });

  it('leaves it alone when somebody else told it to stop', async () => {
    const client = await world.client({ ...control.env, TRUNKLINE_APPLICATION_AWAY_MS: '1000' });
    await world.place(client, server, 1, { dr_client_id: 'bank-dr' });
    await told('activate 1');
    const application = await world.application(client.port);
    await waitFor(() => client.log.facts('health-report').length > 1);
    const body = JSON.stringify({ command: 'deactivate', connection_id: CONNECTION, epoch: 1 });
    await fetch(String(control.env.TRUNKLINE_CONTROL_URL), { method: 'POST', body });
    application.socket.end();
    // It answers, so it is not away either, however long it stays so.
    await holdsFor(2_000, () => client.carrier.carrying === 1);
    expect(control.commands).toEqual(['activate 1', 'deactivate 1']);
  });

  it('tells it to stand by when it is stopped and another may take over, and nothing where nobody may', async () => {
    const client = await world.client(control.env);
    await world.place(client, server, 1);
    await told('activate 1');
    await client.stop();
    const shared = await world.client(control.env);
    await world.place(shared, server, 2, { dr_client_id: 'bank-dr' });
    await told('activate 1', 'activate 2');
    await shared.stop();
    await told('activate 1', 'activate 2', 'deactivate 2');
  });

  describe('that stands in for another', () => {
    it('tells it once its path stands, then lets it in and says so', async () => {
      const client = await world.client(control.env);
      let open = (): void => {};
      control.gate = new Promise((resolve) => {
        open = resolve;
      });
      const placed = world.place(client, server, 3, STAND_IN);
      await waitFor(() => control.told.length === 1);
      expect([client.carrier.carrying, server.carrier.carrying]).toEqual([1, 1]);
      await expect(Application.connect(client.port)).rejects.toThrow('ECONNREFUSED');
      expect(client.log.facts('new-connection-established')).toEqual([]);
      open();
      await placed;
      expect(await client.log.fact('new-connection-established')).toMatchObject({ epoch: 3 });
      const application = await world.application(client.port);
      application.send(iso('0800', 'on'));
      await application.got('0810on');
      // A slow answer is asked for again; what it says is one thing.
      expect([...new Set(control.commands)]).toEqual(['activate 3']);
    });

    it('gives the link up when it knows a higher epoch', async () => {
      control.refusesWith = 409;
      const client = await world.client(control.env);
      await world.accept(server, 1);
      expect(await world.connect(client, server, 1, STAND_IN)).toMatchObject({
        answer: 'command-failed',
        reason: 'application-refused',
      });
      expect(client.carrier.carrying).toBe(0);
      expect(client.log.facts('new-connection-established')).toEqual([]);
      expect(await server.log.fact('connection-lost')).toMatchObject({
        epoch: 1,
        reason: expect.stringMatching(/^peer-(closed|reset)$/),
      });
      await expect(Application.connect(client.port)).rejects.toThrow('ECONNREFUSED');
      expect(await world.connect(client, server, 1, STAND_IN)).toMatchObject({ reason: 'stale-epoch' });
      expect(control.commands).toEqual(['activate 1']);
    });

    it('carries for one that offers no /control, or says nothing and comes later', async () => {
      const silent = await world.client();
      await world.place(silent, server, 1, STAND_IN);
      const application = await world.application(silent.port);
      application.send(iso('0800', 'on'));
      await application.got('0810on');
      await silent.stop();

      control.kill();
      const client = await world.client(control.env);
      await world.place(client, server, 2, STAND_IN);
      await control.listen();
      await told('activate 2');
    });

    it('tells it nothing of a path that does not come', async () => {
      const client = await world.client(control.env);
      const answer = await world.command(client, 'activate-dr-client', 1, await nowhere());
      expect(answer).toMatchObject({ answer: 'command-failed', reason: 'dial-failed' });
      await world.place(client, server, 2, STAND_IN);
      expect(control.commands).toEqual(['activate 2']);
    });

    it('stands by again when its path was lost and no other came for a while', async () => {
      const client = await world.client(control.env);
      await world.place(client, server, 1, STAND_IN);
      await world.command(server, 'stop-sending-to-client', 1);
      await client.log.fact('connection-lost');
      expect(control.commands).toEqual(['activate 1']);
      client.clock.aheadMs += 5_001;
      await told('activate 1', 'deactivate 1');
      await world.place(client, server, 2);
      await told('activate 1', 'deactivate 1', 'activate 2');
    });
  });

  describe('that was fenced', () => {
    it('tells it to stand by, also where this life never carried the link, and refuses that epoch', async () => {
      const client = await world.client(control.env);
      expect(await world.disconnect(client, 4, 'close')).toMatchObject({ answer: 'command-succeeded' });
      await told('deactivate 4');
      await expect(Application.connect(client.port)).rejects.toThrow('ECONNREFUSED');
      for (const epoch of [3, 4]) {
        expect(await world.connect(client, server, epoch)).toMatchObject({
          answer: 'command-refused',
          reason: 'stale-epoch',
        });
      }
      expect(client.log.facts('connection-lost')).toEqual([]);
      await world.place(client, server, 5);
      await told('deactivate 4', 'activate 5');
      await world.application(client.port);
    });

    it('keeps the present epoch when a lower one is fenced', async () => {
      const client = await world.client(control.env);
      await world.place(client, server, 2);
      expect(await world.disconnect(client, 1, 'close')).toMatchObject({ reason: 'stale-epoch' });
      expect(client.carrier.carrying).toBe(1);
      await told('activate 2');
    });

    it('ends a dial that is under way', async () => {
      const client = await world.client(control.env);
      const dialled = world.connect(client, server, 1, STAND_IN);
      expect(await world.disconnect(client, 1, 'close')).toMatchObject({ answer: 'command-succeeded' });
      expect(await dialled).toMatchObject({ answer: 'command-failed', reason: 'dial-failed' });
      await told('deactivate 1');
      expect(client.carrier.health()).toEqual([]);
    });
  });

  describe('at the end of its turn', () => {
    /** A link that stands, and an application that sends until it is told to stop. */
    async function sending(env: Record<string, string> = {}) {
      const client = await world.client({ ...control.env, ...env });
      await world.place(client, server, 1, STAND_IN);
      const application = await world.application(client.port);
      let sent = 0;
      const traffic = setInterval(() => {
        application.send(iso('0200', String(sent)));
        sent += 1;
      }, 5);
      world.ends(() => clearInterval(traffic));
      control.obeyed = (command) => {
        if (command !== 'drain') return;
        application.send(iso('0200', 'last'));
        clearInterval(traffic);
      };
      await application.got('021010');
      return { client, application, sentAll: () => [...Array(sent).keys()].map(String).concat('last') };
    }

    it('asks it to stop, carries all that it sent before it did, and loses nothing when the link is taken', async () => {
      const { client, application, sentAll } = await sending();
      backend.delayMs = 50;
      expect(await world.command(client, 'drain', 1, { requests: 'close' })).toMatchObject({
        answer: 'command-succeeded',
      });
      await world.disconnect(client, 1, 'close');
      await waitFor(() => application.isClosed);
      expect(application.messages.texts).toEqual(sentAll().map((text) => `0210${text}`));
      expect(await dropped(client)).toBeUndefined();
      await told('activate 1', 'drain 1', 'deactivate 1');
    });

    it('lets requests wait for one that does not stop, and closes it with a counted reason', async () => {
      const { client, application } = await sending({ TRUNKLINE_DRAIN_MS: '300' });
      control.refusesWith = 503;
      await world.command(client, 'drain', 1, { requests: 'close' });
      await waitFor(() => client.carrier.held > 0);
      await world.disconnect(client, 1, 'close');
      await waitFor(() => application.isClosed);
      expect(await dropped(client)).toContain('reason="disconnected"');
    });

    it('drains as ever where no /control is offered', async () => {
      const client = await world.client();
      await world.place(client, server, 1);
      const application = await world.application(client.port);
      backend.delayMs = 200;
      application.send(iso('0200', 'a'));
      await waitFor(() => backend.received.includes('0200a'));
      const drained = world.command(client, 'drain', 1, { requests: 'close' });
      await waitFor(() => client.carrier.health()[0]?.status === 'draining');
      application.send(iso('0200', 'b'));
      await drained;
      await application.got('0210a');
      await world.disconnect(client, 1, 'close');
      await waitFor(() => application.isClosed);
      expect(backend.received).toEqual(['0200a']);
    });

    it('tells it to go on when nobody takes the link', async () => {
      const { client } = await sending({ TRUNKLINE_HOLD_MS: '600' });
      await world.command(client, 'drain', 1, { requests: 'close' });
      await told('activate 1', 'drain 1', 'activate 1');
      expect(client.carrier.health()[0]?.status).toBe('active');
    });

    it('goes on after a drain for a move that did not come, also with nothing to say meanwhile', async () => {
      const client = await world.client({
        ...control.env,
        TRUNKLINE_CUTOVER: 'reset',
        TRUNKLINE_HOLD_MS: '600',
      });
      await world.place(client, server, 1);
      expect((await world.command(client, 'drain', 1)).answer).toBe('command-succeeded');
      await told('activate 1', 'drain 1', 'activate 1');
      expect(client.carrier.health()[0]?.status).toBe('active');
    });
  });
});
