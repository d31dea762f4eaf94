import { TARGET, World } from './harness.ts';

describe('a broker that is stopped', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.clear());

  it('sends everybody elsewhere, carries until they left, takes nobody on, and is done then', async () => {
    const broker = await world.broker();
    const pair = await world.open(broker);
    let isDone = false;
    const drained = broker.drain().then(() => {
      isDone = true;
    });
    expect(await pair.ann.got('goaway')).toEqual({ reason: 'draining' });
    await pair.bob.got('goaway');
    pair.ann.data(Buffer.from('still'));
    await world.counted(broker, 'bytes_total', { direction: 'up' }, 5);

    const late = await world.endpoint(broker, TARGET);
    late.hello('target');
    expect(await late.got('welcome')).toMatchObject({ draining: true });
    late.say('attach', { code: pair.code, probes: [] });
    expect(await late.got('refused')).toMatchObject({ reason: 'draining' });
    await broker.run.reporter.send();
    expect(broker.log.facts('health-report').at(-1)).toMatchObject({ draining: true });
    expect(isDone).toBe(false);

    pair.ann.socket.end();
    await pair.bob.closed();
    await drained;
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({ reason: 'moved' });
  });

  it('moves who is spliced when it is told to, so that the control plane knows before', async () => {
    const broker = await world.broker();
    const pair = await world.open(broker);
    const { ann: waiting } = await world.coded(broker);
    const drained = broker.drain();
    await waiting.got('goaway');
    await pair.ann.heardOut();
    expect([pair.ann.count('goaway'), pair.bob.count('goaway')]).toEqual([0, 0]);
    await world.must(broker, 'drain', 1, { connection_id: pair.connectionId });
    await Promise.all([pair.ann.got('goaway'), pair.bob.got('goaway')]);
    for (const endpoint of [pair.ann, pair.bob, waiting]) endpoint.socket.end();
    await drained;
  });

  it('does not wait for who stays longer than its limit', async () => {
    const broker = await world.broker({ TRUNKLINE_DRAIN_MS: '500' });
    const pair = await world.open(broker);
    await broker.drain();
    await broker.stop();
    await Promise.all([pair.ann.closed(), pair.bob.closed()]);
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({
      reason: 'shutdown',
      closed_by: 'broker',
    });
  });

  it('is told so by a command that names the broker itself, not one of its sessions', async () => {
    const broker = await world.broker();
    const pair = await world.open(broker);
    await world.must(broker, 'drain', 1, { connection_id: pair.connectionId });
    expect(broker.isToldToLeave()).toBe(false);
    await world.must(broker, 'drain', 1, { connection_id: broker.agentId });
    expect(broker.isToldToLeave()).toBe(true);
  });

  it('is done at once when nobody is there', async () => {
    const broker = await world.broker();
    await broker.drain();
  });
});
