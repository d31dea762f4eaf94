import { getJson } from '../../support/http.ts';
import { type Name, type Stack, startStack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { Desk, LINK } from './desk.ts';

const PROGRAMS = [
  'iso-server-1',
  'iso-server-1b',
  'server-sidecar-1',
  'client-sidecar-1',
  'client-sidecar-dr',
  'iso-client-1',
  'iso-client-dr',
] as const;
const LOAD = { TRUNKLINE_SIMULATOR_RATE: '100', TRUNKLINE_SIMULATOR_TIMEOUT_MS: '3000' };
const SERVER = 'scheme-server-1';
const FIRST = 'bank-client-1';
const SECOND = 'bank-client-dr';
const DONE = { answer: 'command-succeeded' };

describe('two client sidecars and their applications', () => {
  let stack: Stack;
  let desk: Desk;
  const endings: (() => unknown)[] = [];
  beforeAll(async () => {
    stack = await startStack({
      programs: PROGRAMS,
      env: {
        'iso-client-1': LOAD,
        'iso-client-dr': LOAD,
        'client-sidecar-1': { TRUNKLINE_APPLICATION_AWAY_MS: '8000' },
      },
    });
    endings.push(() => stack.stop());
    desk = await Desk.of(stack, (ending) => endings.push(ending));
  });
  afterAll(async () => {
    for (const ending of endings.reverse()) await ending();
  });

  const controlOf = async (name: Name) => (await getJson(stack.url(name, '/control'))).body;
  async function untilApproved(name: Name, more = 20): Promise<void> {
    const before = (await controlOf(name)).approved;
    await waitFor(async () => (await controlOf(name)).approved >= before + more, {
      what: `${more} more purchases of ${name} approved`,
    });
  }
  async function settled(name: Name): Promise<void> {
    await waitFor(async () => (await controlOf(name)).open === 0, {
      what: `an end of every purchase of ${name}`,
    });
    const { sent, approved, reversed } = await controlOf(name);
    expect(approved + reversed).toBe(sent);
  }
  const end = (agentId: string, epoch: number) =>
    desk.command('disconnect', agentId, epoch, { requests: 'close' });

  it('wait until they are told, and the first one is by its connect', async () => {
    await desk.said('connection-request', FIRST);
    expect(await controlOf('iso-client-1')).toMatchObject({ active: false, sent: 0, signed_on: false });
    expect(await controlOf('iso-client-1')).not.toHaveProperty('epoch');
    await desk.place('connect', FIRST, SERVER, 1, { dr_client_id: SECOND });
    await untilApproved('iso-client-1');
    expect(await controlOf('iso-client-1')).toMatchObject({ active: true, connection_id: LINK, epoch: 1 });
    expect(await controlOf('iso-client-dr')).toMatchObject({ active: false, sent: 0 });
  });

  it('go on after the application alone was killed and started again', async () => {
    await stack.program('iso-client-1').restart();
    await untilApproved('iso-client-1');
    expect(desk.all('connection-lost', FIRST)).toEqual([]);
  });

  it('change when the first two are killed: the second is active, the first come back as a standby', async () => {
    await Promise.all([
      stack.program('client-sidecar-1').kill('SIGKILL'),
      stack.program('iso-client-1').kill('SIGKILL'),
    ]);
    await desk.said('connection-lost', SERVER);
    await desk.place('activate-dr-client', SECOND, SERVER, 2);
    await untilApproved('iso-client-dr');
    expect(await controlOf('iso-client-dr')).toMatchObject({ active: true, connection_id: LINK, epoch: 2 });

    const requests = desk.all('connection-request', FIRST).length;
    await stack.program('client-sidecar-1').start();
    await stack.program('iso-client-1').start();
    await waitFor(() => desk.all('connection-request', FIRST).length > requests, { what: 'its new life' });
    const { incarnation } = desk.all('connection-request', FIRST).at(-1) ?? {};
    await desk.said('health-report', FIRST, (report) => report.incarnation === incarnation);
    expect((await controlOf('iso-client-1')).active).toBe(false);
    expect(await end(FIRST, 2)).toMatchObject(DONE);
    await waitFor(async () => (await controlOf('iso-client-1')).epoch === 2, { what: 'being told' });
    expect(await controlOf('iso-client-1')).toMatchObject({ active: false, signed_on: false });
    const { address } = await desk.said('health-report', SERVER);
    expect(await desk.command('connect', FIRST, 2, { server_id: SERVER, address })).toMatchObject({
      answer: 'command-refused',
      reason: 'stale-epoch',
    });
    await untilApproved('iso-client-dr');
  });

  it('change back at the end of the turn of the second, with no purchase timed out', async () => {
    expect(await desk.command('drain', SECOND, 2, { requests: 'close' })).toMatchObject(DONE);
    const { sent } = await controlOf('iso-client-dr');
    expect(await end(SECOND, 2)).toMatchObject(DONE);
    await desk.place('connect', FIRST, SERVER, 3, { dr_client_id: SECOND });
    await untilApproved('iso-client-1');
    await settled('iso-client-dr');
    expect(await controlOf('iso-client-dr')).toMatchObject({
      active: false,
      epoch: 2,
      sent,
      approved: sent,
      timed_out: 0,
    });
    // What the killed application left open is reversed by its present life.
    await waitFor(
      async () => {
        const { timed_out, reversed } = await controlOf('iso-client-1');
        return timed_out === reversed;
      },
      { what: 'the reversals' },
    );
    expect(await controlOf('iso-client-1')).toMatchObject({ active: true, connection_id: LINK, epoch: 3 });
  });

  it('change once more when the application of the first goes and stays away', async () => {
    await stack.program('iso-client-1').kill('SIGKILL');
    expect(await desk.said('connection-lost', FIRST, ({ epoch }) => epoch === 3)).toMatchObject({
      reason: 'application-closed',
    });
    await desk.place('activate-dr-client', SECOND, SERVER, 4);
    await untilApproved('iso-client-dr');
    await stack.program('iso-client-1').start();
    await waitFor(async () => (await controlOf('iso-client-1')).epoch === 3, { what: 'being told' });
    expect((await controlOf('iso-client-1')).active).toBe(false);
    expect((await controlOf('iso-client-dr')).timed_out).toBe(0);
  });
});
