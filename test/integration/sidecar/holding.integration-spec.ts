import { waitFor } from '../../support/wait-for.ts';
import { type Running, World } from './harness.ts';
import { type Application, type Backend, iso } from './peers.ts';

describe('requests while no path stands', () => {
  let world: World;
  let backends: Backend[];
  let servers: Running[];
  beforeEach(async () => {
    world = new World();
    backends = [await world.backend(), await world.backend()];
    servers = [
      await world.server('server-1', backends.slice(0, 1)),
      await world.server('server-2', backends.slice(1)),
    ];
  });
  afterEach(() => world.clear());

  const server = (index: number): Running => servers[index] as Running;
  const backend = (index: number): Backend => backends[index] as Backend;

  async function standing(env: Record<string, string> = {}) {
    const client = await world.client(env);
    await world.place(client, server(0), 1);
    const application = await world.application(client.port);
    application.send(iso('0800', 'on'));
    await application.got('0810on');
    return { client, application };
  }
  const closed = (application: Application) => waitFor(() => application.isClosed, { what: 'the end' });
  async function countOf(running: Running, metric: string, label: string): Promise<number> {
    const text = await running.registry.metrics();
    const line = text
      .split('\n')
      .find((one) => one.startsWith(`trunkline_sidecar_${metric}`) && one.includes(label));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  it('wait for the next path and go out in their order', async () => {
    const { client, application } = await standing();
    await world.disconnect(client, 1, 'hold');
    application.send(iso('0200', 'a'), iso('0200', 'b'));
    application.send(iso('0200', 'c'));
    await world.place(client, server(1), 2);
    await application.got('0210c');
    expect(backend(1).received).toEqual(['0200a', '0200b', '0200c']);
    expect(backend(0).received).toEqual(['0800on']);
  });

  it('are at most so many: beyond, the application is let go with a counted reason', async () => {
    const { client, application } = await standing({ TRUNKLINE_HOLD_MESSAGES: '3' });
    await world.disconnect(client, 1, 'hold');
    application.send(...['a', 'b', 'c', 'd'].map((text) => iso('0200', text)));
    await closed(application);
    expect(await countOf(client, 'application_closed_total', 'hold-overflow')).toBe(1);
    expect(await countOf(client, 'messages_dropped_total', 'hold-overflow')).toBe(3);
    await world.place(client, server(1), 2);
    expect(backend(1).received).toEqual([]);
  });

  it('wait at most so long: beyond, the application is let go and nothing is sent late', async () => {
    const { client, application } = await standing({ TRUNKLINE_HOLD_MS: '300' });
    await world.disconnect(client, 1, 'hold');
    application.send(iso('0200', 'a'));
    await closed(application);
    expect(await countOf(client, 'application_closed_total', 'hold-overdue')).toBe(1);
    await world.place(client, server(1), 2);
    expect(backend(1).received).toEqual([]);
  });

  it('are not sent late by a path that stands a moment too late', async () => {
    const { client, application } = await standing();
    await world.disconnect(client, 1, 'hold');
    await world.accept(server(1), 2);
    application.send(iso('0200', 'late'));
    await waitFor(() => client.carrier.held === 1);
    client.clock.aheadMs += 2_100;
    await world.connect(client, server(1), 2);
    await closed(application);
    expect(backend(1).received).toEqual([]);
  });

  it('are refused to a new application, which is let in when a path stands again', async () => {
    const { client, application } = await standing();
    application.socket.destroy();
    await world.disconnect(client, 1, 'hold');
    await expect(fetch(`http://127.0.0.1:${client.port}`)).rejects.toThrow();
    await world.place(client, server(1), 2);
    const next = await world.application(client.port);
    next.send(iso('0800', 'again'));
    await next.got('0810again');
  });

  it('end with the application when the link is taken away', async () => {
    const { client, application } = await standing();
    application.send(iso('0200', 'a'));
    await application.got('0210a');
    await world.disconnect(client, 1, 'close');
    await closed(application);
    expect(client.carrier.health()).toEqual([]);
  });

  it('are given back to the application with cutover reset: it is let go once the new path stands', async () => {
    const { client, application } = await standing({ TRUNKLINE_CUTOVER: 'reset' });
    await world.disconnect(client, 1, 'hold');
    application.send(iso('0200', 'a'));
    await waitFor(() => client.carrier.held === 1);
    expect(application.isClosed).toBe(false);
    await world.place(client, server(1), 2);
    await closed(application);
    expect(backend(1).received).toEqual([]);
    expect(await countOf(client, 'application_closed_total', 'cutover-reset')).toBe(1);
    const next = await world.application(client.port);
    next.send(iso('0800', 'on'));
    await next.got('0810on');
  });

  it('do not include responses to a server that is gone', async () => {
    const { client, application } = await standing();
    await world.disconnect(client, 1, 'hold');
    application.send(iso('0810', 'to the old server'), iso('0200', 'a'));
    await world.place(client, server(1), 2);
    await application.got('0210a');
    expect(backend(1).received).toEqual(['0200a']);
    expect(await countOf(client, 'messages_dropped_total', 'no-path')).toBe(1);
  });

  describe('in a drain', () => {
    it('wait while what was sent is answered; then the link moves and they go out', async () => {
      const { client, application } = await standing();
      backend(0).delayMs = 300;
      application.send(iso('0200', 'a'));
      await waitFor(() => backend(0).received.includes('0200a'));
      const drained = world.command(client, 'drain', 1);
      await waitFor(() => client.carrier.health()[0]?.status === 'draining');
      application.send(iso('0200', 'b'));
      expect((await drained).answer).toBe('command-succeeded');
      await application.got('0210a');
      await world.disconnect(client, 1, 'hold');
      await world.place(client, server(1), 2);
      await application.got('0210b');
      expect(backend(0).received).toEqual(['0800on', '0200a']);
      expect(backend(1).received).toEqual(['0200b']);
    });

    it('are waited for until half a second before their time is over when something stays unanswered', async () => {
      const patience = { TRUNKLINE_DRAIN_MS: '8000', TRUNKLINE_RESPONSE_TIMEOUT_MS: '8000' };
      const { client, application } = await standing(patience);
      backend(0).swallows = (text) => text === '0200lost';
      application.send(iso('0200', 'lost'));
      await waitFor(() => backend(0).received.includes('0200lost'));
      const begun = performance.now();
      const drained = world.command(client, 'drain', 1);
      await waitFor(() => client.carrier.health()[0]?.status === 'draining');
      application.send(iso('0200', 'b'));
      await drained;
      const lastedMs = performance.now() - begun;
      expect(lastedMs).toBeGreaterThanOrEqual(1_450);
      expect(lastedMs).toBeLessThan(8_000);
    });

    it('go out over the path that still stands when nobody moves the link', async () => {
      const { client, application } = await standing({ TRUNKLINE_HOLD_MS: '1000' });
      await world.command(client, 'drain', 1);
      application.send(iso('0200', 'a'));
      await application.got('0210a');
      expect(backend(0).received).toEqual(['0800on', '0200a']);
      expect(client.carrier.health()[0]?.status).toBe('active');
    });

    it('are not held for a link that is not there, or of another epoch', async () => {
      const { client } = await standing();
      const other = { connection_id: 'bank-1:other' };
      expect(await world.command(client, 'drain', 1, other)).toMatchObject({ reason: 'unknown-connection' });
      expect(await world.command(client, 'drain', 2)).toMatchObject({ reason: 'stale-epoch' });
    });
  });
});
