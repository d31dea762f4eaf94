import { holdsFor, waitFor } from '../../support/wait-for.ts';
import type { Control } from './control.ts';
import { type Running, World } from './harness.ts';
import { type Application, iso } from './peers.ts';

/** The tests put the clock ahead, which must not look like a path that fell silent. */
const AWAY = {
  TRUNKLINE_APPLICATION_AWAY_MS: '30000',
  TRUNKLINE_KEEPALIVE_INTERVAL_MS: '60000',
  TRUNKLINE_KEEPALIVE_MISSES: '100',
};
const STOOD_IN_FOR = { dr_client_id: 'bank-dr' };

describe('an application that stays away while its path stands', () => {
  let world: World;
  let server: Running;
  beforeEach(async () => {
    world = new World();
    server = await world.server('server-1', [await world.backend()]);
  });
  afterEach(() => world.clear());

  /** A link whose application came and left. */
  async function left(members: Record<string, unknown>, env: Record<string, string> = {}) {
    const client = await world.client({ ...AWAY, ...env });
    await world.place(client, server, 1, members);
    const application = await world.application(client.port);
    application.send(iso('0800', 'on'));
    await application.got('0810on');
    await leave(application);
    return client;
  }
  /** Ends it, and returns once the sidecar saw that: only from then on it is missed. */
  async function leave(application: Application): Promise<void> {
    const seen = (): number => world.logLines.filter((line) => line.includes('application gone')).length;
    const before = seen();
    application.socket.destroy();
    await waitFor(() => seen() > before, { what: 'the end of the application' });
  }
  const later = async (client: Running, ms: number): Promise<void> => {
    client.clock.aheadMs += ms;
    const reports = client.log.facts('health-report').length;
    // The clock ahead makes a report due: a look at the time was taken.
    await waitFor(() => client.log.facts('health-report').length > reports);
  };
  const lost = (client: Running): Promise<Record<string, unknown>> => client.log.fact('connection-lost');

  it('loses it the link, once, where another client stands in for it', async () => {
    const client = await left(STOOD_IN_FOR);
    client.clock.aheadMs += 30_001;
    expect(await lost(client)).toMatchObject({
      epoch: 1,
      reason: 'application-closed',
      observed_by: 'client-sidecar',
    });
    expect(await server.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'peer-closed' });
    expect(await world.connect(client, server, 1)).toMatchObject({ reason: 'stale-epoch' });
    // The link may come back before its application does, and stays then.
    await world.place(client, server, 2, STOOD_IN_FOR);
    await later(client, 60_000);
    expect(client.log.facts('connection-lost')).toHaveLength(1);
    expect(client.carrier.carrying).toBe(1);
  });

  it('is waited for where nobody stands in for it', async () => {
    const client = await left({});
    await later(client, 120_000);
    expect(client.carrier.carrying).toBe(1);
    await world.application(client.port);
  });

  it('is waited for when it has not been there yet', async () => {
    const client = await world.client(AWAY);
    await world.place(client, server, 1, STOOD_IN_FOR);
    await later(client, 120_000);
    expect(client.carrier.carrying).toBe(1);
  });

  it('keeps the link when anybody comes to the port in time, and has all the time again then', async () => {
    const client = await left(STOOD_IN_FOR);
    await later(client, 20_000);
    const other = await world.application(client.port);
    await later(client, 20_000);
    await leave(other);
    await later(client, 20_000);
    expect(client.carrier.carrying).toBe(1);
    await later(client, 10_001);
    expect(await lost(client)).toMatchObject({ reason: 'application-closed' });
  });

  describe('with a /control', () => {
    let control: Control;
    beforeEach(async () => {
      control = await world.control();
    });

    it('keeps the link while it answers there', async () => {
      const client = await left(STOOD_IN_FOR, { ...control.env, TRUNKLINE_APPLICATION_AWAY_MS: '1500' });
      await holdsFor(3_000, () => client.carrier.carrying === 1);
    });

    it('loses it the link when it does not answer either, and is told so when it is back', async () => {
      const client = await left(STOOD_IN_FOR, { ...control.env, TRUNKLINE_APPLICATION_AWAY_MS: '1500' });
      await waitFor(() => control.told.length === 1);
      control.kill();
      expect(await lost(client)).toMatchObject({ reason: 'application-closed' });
      await control.listen();
      await waitFor(() => control.commands.includes('deactivate 1'));
    });
  });
});
