import { encodePingFrame, SESSION_TIMING } from '#libs/relay';
import { waitFor } from '../../support/wait-for.ts';
import { TARGET, World } from './harness.ts';

describe('a session that is interrupted', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.clear());

  it('leaves the other end where it is: attached anew, for whoever comes', async () => {
    const broker = await world.broker();
    const pair = await world.open(broker);
    pair.ann.socket.destroy();
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({
      epoch: 1,
      reason: 'controller-lost',
      closed_by: 'controller',
    });
    expect(await pair.bob.got('interrupted')).toEqual({ reason: 'controller-lost' });
    const target = await world.fact(broker, 'target-attached', 2);
    expect(target).toMatchObject({ identity: TARGET, resumed: true, consented: true, epoch: 1 });
    expect(target.attachment_id).not.toBe(pair.target.attachment_id);

    // What was on its way is dropped, not a fault.
    pair.bob.data(Buffer.from('on its way'));
    await world.counted(broker, 'data_dropped_total', { reason: 'no-relay' });

    await world.hold(broker, { ...pair, target }, 2);
    const ann = await world.endpoint(broker, 'ann', 'controller');
    ann.say('resume', {
      connection_id: pair.connectionId,
      home_region: 'east',
      role: 'controller',
      epoch: 1,
    });
    const controller = await world.fact(broker, 'controller-attached', 1);
    expect(controller).toMatchObject({ epoch: 1 });
    await world.splice(broker, { ...pair, target, controller }, 2);
    expect(await pair.bob.got('opened')).toMatchObject({ epoch: 2 });
    ann.data(Buffer.from('again'));
    await world.counted(broker, 'bytes_total', { direction: 'up' }, 5);
    await pair.bob.hears('again');
    expect(await world.fact(broker, 'relay-opened', 2)).toMatchObject({ epoch: 2 });
  });

  it('is over when the end that stayed hangs up, however soon: whose leg it was is said first', async () => {
    const broker = await world.broker();
    const pair = await world.open(broker);
    pair.bob.isAlive = false;
    pair.ann.socket.destroy();
    await pair.bob.got('interrupted');
    pair.bob.say('bye', { reason: 'hung-up' });
    await pair.bob.closed();
    const target = await world.fact(broker, 'target-attached', 2);
    expect(await world.fact(broker, 'relay-closed', 2)).toMatchObject({
      ...{ reason: 'hung-up', closed_by: 'target', attachment_id: target.attachment_id },
    });
    const told = broker.log.records.map(({ type }) => type);
    expect(told.lastIndexOf('target-attached')).toBeLessThan(told.lastIndexOf('relay-closed'));
  });

  it('attaches nobody anew who may have left as well', async () => {
    const broker = await world.broker();
    const pair = await world.open(broker);
    // As what a process finds that stood still: the end of one connection, and of the other only what came before it left.
    pair.bob.isAlive = false;
    pair.ann.socket.destroy();
    expect(await pair.bob.got('interrupted')).toEqual({ reason: 'controller-lost' });
    await pair.bob.heardOut();
    expect(broker.log.facts('target-attached')).toHaveLength(1);
    const asked = pair.bob.frames.findLast((frame) => frame.name === 'ping');
    if (asked?.name !== 'ping') throw new Error('it was not asked whether it is there');
    pair.bob.write(encodePingFrame('pong', asked.token));
    expect(await world.fact(broker, 'target-attached', 2)).toMatchObject({ resumed: true, epoch: 1 });
  });

  it('pings who waits for the other end every 30 s, as load balancers cut what is idle for 4 minutes', async () => {
    const broker = await world.broker();
    const { ann } = await world.coded(broker);
    expect(SESSION_TIMING.idlePingIntervalMs).toBe(30_000);
    const before = ann.count('ping');
    for (let nth = 1; nth <= 3; nth += 1) {
      broker.clock.aheadMs += SESSION_TIMING.idlePingIntervalMs;
      await waitFor(() => ann.count('ping') === before + nth, { what: `ping ${nth}` });
    }
    expect(ann.isClosed).toBe(false);
  });

  it('is noticed when an end falls silent without a reset', async () => {
    const broker = await world.broker({ TRUNKLINE_SILENCE_MS: '2000' });
    const pair = await world.open(broker);
    pair.bob.isAlive = false;
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({
      reason: 'target-lost',
      closed_by: 'target',
    });
    expect(await pair.ann.got('interrupted')).toEqual({ reason: 'target-lost' });
    expect(pair.ann.isClosed).toBe(false);
    await world.counted(broker, 'legs_ended_total', { reason: 'silent' });
  });

  it('does not take a process that could not listen for ends that do not speak', async () => {
    const broker = await world.broker({ TRUNKLINE_SILENCE_MS: '2000' });
    const pair = await world.open(broker);
    broker.clock.aheadMs += 30_000;
    pair.ann.data(Buffer.from('here'));
    await world.counted(broker, 'bytes_total', { direction: 'up' }, 4);
    expect(broker.log.facts('relay-closed')).toEqual([]);
  });

  it('tells of a leg that waited and is gone, with its name', async () => {
    const broker = await world.broker();
    const { ann, controller } = await world.coded(broker);
    ann.socket.destroy();
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({
      connection_id: controller.connection_id,
      attachment_id: controller.attachment_id,
      reason: 'controller-lost',
      closed_by: 'controller',
      epoch: 1,
    });
  });

  it('a target that does not consent ends the session', async () => {
    const broker = await world.broker();
    const { code, controller } = await world.coded(broker);
    const bob = await world.endpoint(broker, TARGET, 'target');
    bob.say('attach', { code, probes: [], consented: false });
    const target = await world.fact(broker, 'target-attached', 1);
    const told = { connectionId: String(controller.connection_id), code, controller, target };
    await world.hold(broker, told, 1);
    bob.say('bye', { reason: 'declined' });
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({
      attachment_id: target.attachment_id,
      reason: 'declined',
      closed_by: 'target',
    });
    await bob.closed();
  });

  it('begins another life after a sleep: everything is closed, and the old life is over', async () => {
    const broker = await world.broker();
    const pair = await world.open(broker);
    const life = broker.run.agent.vigil.incarnation;
    broker.clock.bootAheadMs += 11_000;
    await Promise.all([pair.ann.closed(), pair.bob.closed()]);
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({
      reason: 'shutdown',
      incarnation: life,
    });
    expect(broker.run.agent.vigil.incarnation).not.toBe(life);
  });
});

describe('a broker without its control plane', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.clear());

  it('carries on while Kafka is away, and asks whoever comes to try again', async () => {
    const broker = await world.broker();
    const pair = await world.open(broker);
    const { code } = pair;
    broker.log.isAway = true;
    const early = await world.endpoint(broker, 'eve', 'target');
    early.say('attach', { code, probes: [] });
    pair.ann.data(Buffer.from('running'));
    await world.counted(broker, 'bytes_total', { direction: 'up' }, 7);
    const late = await world.endpoint(broker, 'eve', 'controller');
    late.say('new', {});
    expect(await late.got('refused')).toEqual({ reason: 'unavailable', retry_after_ms: 1_000 });
    await late.closed();
    const resumed = await world.endpoint(broker, TARGET, 'target');
    resumed.say('resume', {
      connection_id: pair.connectionId,
      home_region: 'east',
      role: 'target',
      epoch: 1,
    });
    expect(await resumed.got('refused')).toMatchObject({ reason: 'unavailable' });
    broker.log.isAway = false;
    pair.bob.say('bye', { reason: 'hung-up' });
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({ bytes_up: 7 });
  });

  it('sends elsewhere who waits for the other end, while nobody can hear of it', async () => {
    const broker = await world.broker({ TRUNKLINE_ANSWER_MS: '300' });
    const pair = await world.open(broker);
    broker.log.isAway = true;
    pair.ann.socket.destroy();
    expect(await pair.bob.got('interrupted')).toEqual({ reason: 'controller-lost' });
    expect(await pair.bob.got('refused')).toMatchObject({ reason: 'unavailable' });
    await pair.bob.closed();
    broker.log.isAway = false;
    // Both words of that leg, in their order.
    const came = await world.fact(broker, 'target-attached', 2);
    expect(await world.fact(broker, 'relay-closed', 2)).toMatchObject({ attachment_id: came.attachment_id });
  });

  it('lets who comes back wait for the other end, longer than for an answer', async () => {
    const broker = await world.broker({ TRUNKLINE_ANSWER_MS: '300' });
    const pair = await world.open(broker);
    pair.ann.socket.destroy();
    expect(await world.fact(broker, 'target-attached', 2)).toMatchObject({ resumed: true });
    // Who asked after it and is not answered has waited less.
    const eve = await world.endpoint(broker, 'eve', 'controller');
    eve.say('new', {});
    expect(await eve.got('refused')).toMatchObject({ reason: 'unavailable' });
    await pair.bob.heardOut();
    expect([pair.bob.isClosed, pair.bob.count('refused')]).toEqual([false, 0]);
  });

  it('refuses who asked and was not answered in time, and says that the leg is gone', async () => {
    const broker = await world.broker({ TRUNKLINE_ANSWER_MS: '300' });
    const ann = await world.endpoint(broker, 'ann', 'controller');
    ann.say('new', {});
    const asked = await world.fact(broker, 'connection-request', 1);
    expect(await ann.got('refused')).toMatchObject({ reason: 'unavailable' });
    await ann.closed();
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({
      attachment_id: asked.attachment_id,
      reason: 'controller-lost',
      closed_by: 'broker',
    });
  });
});
