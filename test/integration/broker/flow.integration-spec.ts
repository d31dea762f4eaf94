import { X509Certificate } from 'node:crypto';
import { parseMessage } from '#libs/contracts';
import { guestId } from '#libs/relay';
import { type Running, spliceOf, TARGET, World } from './harness.ts';

describe('the way of a session through brokers', () => {
  let world: World;
  let broker: Running;
  beforeEach(async () => {
    world = new World();
    broker = await world.broker();
  });
  afterEach(() => world.clear());

  it('code, hold, consent, redirect, open, bytes both ways, bye', async () => {
    const { ann, code, controller } = await world.coded(broker);
    const other = await world.broker({}, 'broker-2');
    const connectionId = String(controller.connection_id);

    const bob = await world.endpoint(other, TARGET, 'target');
    bob.say('attach', { code, probes: [{ broker_id: 'broker-2', rtt_ms: 1.5 }], consented: false });
    const asked = await world.fact(other, 'target-attached', 1);
    expect(asked).toMatchObject({
      connection_id: connectionId,
      home_region: 'east',
      broker_id: 'broker-2',
      identity: TARGET,
      guest: false,
      consented: false,
      probes: [{ broker_id: 'broker-2', rtt_ms: 1.5 }],
    });
    const told = { connectionId, code, controller, target: asked };
    await world.hold(other, told, 1);
    expect(await bob.got('held')).toEqual({
      connection_id: connectionId,
      home_region: 'east',
      controller_id: 'ann',
    });

    bob.say('consent', {});
    expect(await world.fact(other, 'target-attached', 2)).toMatchObject({
      attachment_id: asked.attachment_id,
      consented: true,
    });
    await world.must(broker, 'redirect-controller', 1, {
      connection_id: connectionId,
      attachment_id: controller.attachment_id,
      controller_id: 'ann',
      broker_id: 'broker-2',
      address: '127.0.0.1:7444',
    });
    expect(await ann.got('redirect')).toMatchObject({ broker_id: 'broker-2', address: '127.0.0.1:7444' });

    const again = await world.endpoint(other, 'ann', 'controller');
    again.say('resume', { connection_id: connectionId, home_region: 'east', role: 'controller', epoch: 0 });
    const came = await world.fact(other, 'controller-attached', 1);
    expect(came).toMatchObject({ identity: 'ann', home_region: 'east', connection_id: connectionId });
    expect(came).not.toHaveProperty('epoch');
    await world.splice(other, { ...told, controller: came }, 1);
    expect(await again.got('opened')).toMatchObject({ epoch: 1, peer: TARGET });
    expect(await bob.got('opened')).toMatchObject({ epoch: 1, peer: 'ann' });
    expect(await world.fact(other, 'relay-opened', 1)).toMatchObject({ epoch: 1, broker_id: 'broker-2' });

    again.data(Buffer.from('up up'));
    bob.data(Buffer.from('down'));
    await world.counted(other, 'bytes_total', { direction: 'up' }, 5);
    await world.counted(other, 'bytes_total', { direction: 'down' }, 4);
    await bob.hears('up up');
    await again.hears('down');

    bob.say('bye', { reason: 'hung-up' });
    expect(await again.got('bye')).toEqual({ reason: 'hung-up' });
    await Promise.all([again.closed(), bob.closed()]);
    expect(await world.fact(other, 'relay-closed', 1)).toMatchObject({
      epoch: 1,
      reason: 'hung-up',
      closed_by: 'target',
      bytes_up: 5,
      bytes_down: 4,
      duration_ms: expect.any(Number),
    });
    expect(broker.log.facts('relay-closed')).toEqual([]);
  });

  it('every fact of it is one that the contract takes', async () => {
    const { bob } = await world.open(broker);
    bob.say('bye', { reason: 'declined' });
    await world.fact(broker, 'relay-closed', 1);
    const names = new Set<string>();
    for (const { type, data, topic } of broker.log.records) {
      expect({ type, read: parseMessage(type, data, topic) }).toMatchObject({ type, read: { ok: true } });
      names.add(type);
    }
    expect([...names]).toEqual(
      expect.arrayContaining(['connection-request', 'target-attached', 'relay-opened', 'relay-closed']),
    );
  });

  it('a guest is known by its key, and may be a target only', async () => {
    const pair = await world.guest();
    const identity = guestId(new X509Certificate(pair.cert).publicKey);
    const { target, ann, bob } = await world.open(broker, pair);
    expect(target).toMatchObject({ identity, guest: true });
    expect(await ann.got('opened')).toMatchObject({ peer: identity });
    bob.data(Buffer.from('hello'));
    await world.counted(broker, 'bytes_total', { direction: 'down' }, 5);

    const asker = await world.endpoint(broker, pair, 'controller');
    asker.say('new', {});
    expect(await asker.got('refused')).toEqual({ reason: 'not-allowed' });
    await asker.closed();
    expect(broker.log.facts('connection-request')).toHaveLength(1);
  });

  it('tells nobody the code but its controller: no fact, no line, no metric has it', async () => {
    const { code, connectionId, bob } = await world.open(broker);
    bob.say('bye', { reason: 'hung-up' });
    await world.fact(broker, 'relay-closed', 1);
    const said =
      JSON.stringify(broker.log.records) + world.logLines.join() + (await broker.registry.metrics());
    expect(said).toContain(connectionId);
    expect(said).not.toContain(code);
    expect(said).not.toContain(code.slice(1, 13));
  });

  it('reports its sessions as connections, without a lease', async () => {
    const { connectionId } = await world.open(broker);
    await broker.run.reporter.send();
    expect(broker.log.facts('health-report').at(-1)).toMatchObject({
      kind: 'broker',
      capacity: 1_000,
      connections: [{ connection_id: connectionId, epoch: 1, status: 'active', home_region: 'east' }],
    });
    expect(broker.log.facts('health-report').at(-1)).not.toHaveProperty('lease_ms');
  });

  it('half the bytes of a frame are nobody’s: a leg that breaks in it leaves the other whole', async () => {
    const { ann, bob } = await world.open(broker);
    ann.data(Buffer.from('whole'));
    ann.write(Buffer.from([13, 0, 0, 100, 1, 2, 3]));
    await world.counted(broker, 'bytes_total', { direction: 'up' }, 5);
    ann.socket.destroy();
    expect(await bob.got('interrupted')).toEqual({ reason: 'controller-lost' });
    await bob.hears('whole');
  });

  it('what is commanded again under another id, as its answer was late, is done already', async () => {
    const pair = await world.open(broker);
    const { connectionId: connection_id, controller } = pair;
    await world.must(broker, 'issue-code', 1, {
      connection_id,
      attachment_id: controller.attachment_id,
      controller_id: 'ann',
      code_expires_at: controller.expires_at,
    });
    await world.hold(broker, pair, 1);
    await world.splice(broker, pair, 1);
    pair.ann.data(Buffer.from('on'));
    await pair.bob.hears('on');
    const counts = ['code', 'opened', 'interrupted'] as const;
    expect(counts.map((name) => pair.ann.count(name))).toEqual([1, 1, 0]);
    expect([pair.bob.count('held'), pair.bob.count('opened')]).toEqual([1, 1]);
  });

  it('splices two legs once for an epoch', async () => {
    const pair = await world.open(broker);
    const another = await world.endpoint(broker, 'ann', 'controller');
    const { connectionId: connection_id } = pair;
    another.say('resume', { connection_id, home_region: 'east', role: 'controller', epoch: 1 });
    const controller = await world.fact(broker, 'controller-attached', 1);
    const second = await world.command(broker, 'open-relay', 1, spliceOf({ ...pair, controller }));
    expect(second).toMatchObject({ answer: 'command-refused', reason: 'stale-epoch' });
    pair.ann.data(Buffer.from('on'));
    await pair.bob.hears('on');
  });
});
