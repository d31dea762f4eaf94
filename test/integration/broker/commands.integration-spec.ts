import { itLong } from '../../support/length.ts';
import { CONTROLLER, type Pair, type Running, spliceOf, TARGET, World } from './harness.ts';

describe('commands to a broker', () => {
  let world: World;
  let broker: Running;
  beforeEach(async () => {
    world = new World();
    broker = await world.broker();
  });
  afterEach(() => world.clear());

  const refusal = (reason: string) => ({ answer: 'command-refused', reason });
  const drain = (pair: Pair, members: object = {}) =>
    world.command(broker, 'drain', 1, { connection_id: pair.connectionId, ...members });

  it('of a stale epoch are refused, whichever they are', async () => {
    const pair = await world.open(broker);
    await world.hold(broker, pair, 3);
    for (const name of ['open-relay', 'drain', 'redirect-controller'] as const) {
      const members = {
        ...spliceOf(pair),
        reason: 'superseded',
        attachment_id: pair.controller.attachment_id,
        broker_id: 'broker-2',
        address: '127.0.0.1:1',
      };
      expect(await world.command(broker, name, 2, members)).toMatchObject(refusal('stale-epoch'));
    }
    await world.splice(broker, pair, 3);
  });

  it('that end something end what they name, and nothing of a higher epoch', async () => {
    const pair = await world.open(broker);
    await world.hold(broker, pair, 3);
    await world.splice(broker, pair, 3);
    const { connectionId: connection_id, target } = pair;
    const close = { connection_id, reason: 'superseded' };
    expect(await world.command(broker, 'close-relay', 2, close)).toMatchObject({
      answer: 'command-succeeded',
    });
    const one = { ...close, attachment_id: target.attachment_id };
    expect(await world.command(broker, 'close-relay', 2, one)).toMatchObject(refusal('stale-epoch'));
    const reject = { ...one, identity: TARGET, reason: 'closed' };
    expect(await world.command(broker, 'reject-target', 2, reject)).toMatchObject(refusal('stale-epoch'));
    pair.ann.data(Buffer.from('on'));
    await world.counted(broker, 'bytes_total', { direction: 'up' }, 2);
    // The controller is sent to the next broker first, then what it left here is closed under its own epoch.
    const { attachment_id } = pair.controller;
    const redirect = { connection_id, attachment_id, controller_id: 'ann', broker_id: 'b', address: 'b:1' };
    await world.must(broker, 'redirect-controller', 4, redirect);
    await world.must(broker, 'close-relay', 3, close);
    await Promise.all([pair.ann.closed(), pair.bob.closed()]);
  });

  it('have their answer in their trace, and what they establish', async () => {
    const pair = await world.open(broker);
    await world.hold(broker, pair, 2);
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
    const trace = { traceparent, tracestate: 'vendor=1' };
    const answer = await world.command(broker, 'open-relay', 2, spliceOf(pair), trace);
    expect(answer).toMatchObject({ answer: 'command-succeeded' });
    const told = broker.log.records.filter(({ data }) => 'epoch' in data && data.epoch === 2);
    expect(told.map(({ type, headers }) => [type, headers])).toEqual([
      ['command-succeeded', undefined],
      ['relay-opened', trace],
      ['command-succeeded', trace],
    ]);
  });

  it('for another incarnation, for another agent and expired ones are not run', async () => {
    const pair = await world.open(broker);
    expect(await drain(pair, { incarnation: 'earlier' })).toMatchObject(refusal('other-incarnation'));
    expect(await drain(pair, { expires_at: '2020-01-01T00:00:00.000Z' })).toMatchObject(refusal('expired'));
    expect(pair.ann.count('goaway')).toBe(0);
  });

  it('repeated are run once and get their first answer', async () => {
    const { ann, controller } = await world.coded(broker);
    const bob = await world.endpoint(broker, TARGET, 'target');
    bob.say('attach', { code: (await ann.got('code')).code, probes: [] });
    const target = await world.fact(broker, 'target-attached', 1);
    const hold = {
      command_id: 'the-same',
      connection_id: controller.connection_id,
      attachment_id: target.attachment_id,
      identity: TARGET,
      controller_id: CONTROLLER,
    };
    const first = await world.command(broker, 'hold-target', 1, hold);
    const second = await world.command(broker, 'hold-target', 1, {
      ...hold,
      expires_at: '2020-01-01T00:00:00.000Z',
    });
    expect([first.answer, second.answer]).toEqual(['command-succeeded', 'command-succeeded']);
    await bob.got('held');
    await bob.heardOut();
    expect(bob.count('held')).toBe(1);
  });

  it('open-relay of a target that is not held for its epoch, as the hold was refused, is refused', async () => {
    const pair = await world.open(broker);
    expect(await world.command(broker, 'open-relay', 2, spliceOf(pair))).toMatchObject(
      refusal('stale-epoch'),
    );
    pair.ann.data(Buffer.from('still'));
    await pair.bob.hears('still');
    expect(broker.log.facts('relay-opened')).toHaveLength(1);
  });

  it('that name a leg which is not there, or another identity, are refused', async () => {
    const pair = await world.open(broker);
    const wrong = { ...spliceOf(pair), target_id: 'eve' };
    expect(await world.command(broker, 'open-relay', 2, wrong)).toMatchObject(refusal('target-gone'));
    const gone = { ...spliceOf(pair), controller_attachment_id: 'nobody' };
    expect(await world.command(broker, 'open-relay', 2, gone)).toMatchObject(refusal('controller-gone'));
    const unknown = { ...spliceOf(pair), connection_id: 'ses_0123456789abcdef' };
    expect(await world.command(broker, 'drain', 1, unknown)).toMatchObject(refusal('unknown-connection'));
    pair.ann.data(Buffer.from('still'));
    await world.counted(broker, 'bytes_total', { direction: 'up' }, 5);
  });

  it('reject-target tells the target why and where to go, and closes', async () => {
    const { code } = await world.coded(broker);
    const bob = await world.endpoint(broker, TARGET, 'target');
    bob.say('attach', { code, probes: [] });
    const target = await world.fact(broker, 'target-attached', 1);
    await world.must(broker, 'reject-target', 1, {
      connection_id: target.connection_id,
      attachment_id: target.attachment_id,
      identity: TARGET,
      reason: 'other-broker',
      broker_id: 'broker-2',
      address: '127.0.0.1:7444',
    });
    expect(await bob.got('refused')).toEqual({
      reason: 'other-broker',
      broker_id: 'broker-2',
      address: '127.0.0.1:7444',
    });
    await bob.closed();
    expect(broker.log.facts('relay-closed')).toEqual([]);
  });

  it('close-relay of one leg leaves the others, of a session leaves nothing, and is done when nothing is there', async () => {
    const { controller, ann } = await world.coded(broker);
    const close = (members: object) =>
      world.command(broker, 'close-relay', 1, {
        connection_id: controller.connection_id,
        reason: 'expired',
        ...members,
      });
    expect(await close({ attachment_id: 'nobody' })).toMatchObject({ answer: 'command-succeeded' });
    expect(ann.isClosed).toBe(false);
    await close({ attachment_id: controller.attachment_id });
    expect(await ann.got('refused')).toEqual({ reason: 'expired' });
    await ann.closed();
    expect(await close({})).toMatchObject({ answer: 'command-succeeded' });
  });

  it('close-relay of a session that is over tells who came again and waits, and of one that moved leaves it', async () => {
    const again = await world.endpoint(broker, CONTROLLER, 'controller');
    const connection_id = 'ses_0123456789abcdefghij';
    again.say('resume', { connection_id, home_region: 'east', role: 'controller', epoch: 0 });
    await world.fact(broker, 'controller-attached', 1);
    await world.must(broker, 'close-relay', 1, { connection_id, reason: 'superseded' });
    expect(again.isClosed).toBe(false);
    await world.must(broker, 'close-relay', 1, { connection_id, reason: 'window-over' });
    expect(await again.got('refused')).toEqual({ reason: 'window-over' });
    await again.closed();
  });

  it('close-relay of an open relay counts what it carried and tells both ends', async () => {
    const pair = await world.open(broker);
    pair.ann.data(Buffer.alloc(1_000));
    await world.counted(broker, 'bytes_total', { direction: 'up' }, 1_000);
    await world.must(broker, 'close-relay', 1, { connection_id: pair.connectionId, reason: 'window-over' });
    for (const end of [pair.ann, pair.bob])
      expect(await end.got('refused')).toEqual({ reason: 'window-over' });
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({
      reason: 'closed-by-command',
      closed_by: 'broker',
      bytes_up: 1_000,
    });
    expect(await world.command(broker, 'open-relay', 1, spliceOf(pair))).toMatchObject(
      refusal('target-gone'),
    );
  });

  it('drain sends both ends away, carries until they left, and closes after its limit', async () => {
    const pair = await world.open(broker);
    expect(await drain(pair, { limit_ms: 1_500 })).toMatchObject({ answer: 'command-succeeded' });
    expect(await pair.ann.got('goaway')).toEqual({ reason: 'draining' });
    await pair.bob.got('goaway');
    pair.ann.data(Buffer.from('still carried'));
    await world.counted(broker, 'bytes_total', { direction: 'up' }, 13);
    await pair.bob.hears('still carried');
    await broker.run.reporter.send();
    expect(broker.log.facts('health-report').at(-1)).toMatchObject({
      connections: [{ status: 'draining' }],
    });
    await Promise.all([pair.ann.closed(), pair.bob.closed()]);
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({ reason: 'shutdown' });
  });

  it('who leaves a draining relay is not lost: it moved', async () => {
    const pair = await world.open(broker);
    await drain(pair);
    await pair.bob.got('goaway');
    pair.bob.socket.end();
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({
      reason: 'moved',
      closed_by: 'target',
    });
    await pair.ann.closed();
  });

  it('an end that says that it moved does not hurry the other one, which leaves when it hears of it too', async () => {
    const pair = await world.open(broker);
    await drain(pair);
    await pair.bob.got('goaway');
    pair.bob.say('bye', { reason: 'moved' });
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({
      reason: 'moved',
      closed_by: 'target',
    });
    await pair.bob.closed();
    await pair.ann.heardOut();
    // What it still sends is given again at the next broker.
    pair.ann.data(Buffer.from('late'));
    await world.counted(broker, 'data_dropped_total', { reason: 'no-relay' });
    expect([pair.ann.isClosed, pair.ann.count('interrupted')]).toEqual([false, 0]);
    pair.ann.say('bye', { reason: 'moved' });
    await pair.ann.closed();
    expect(broker.log.facts('relay-closed')).toHaveLength(1);
  });

  it('close-relay of a relay that moved is the end of it, and leaves its ends the time to leave', async () => {
    const pair = await world.open(broker);
    const close = { connection_id: pair.connectionId, reason: 'moved' };
    await world.must(broker, 'close-relay', 1, close);
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({ reason: 'closed-by-command' });
    await Promise.all([pair.ann.heardOut(), pair.bob.heardOut()]);
    for (const end of [pair.ann, pair.bob]) {
      expect([end.isClosed, end.count('interrupted')]).toEqual([false, 0]);
    }
    expect(await world.command(broker, 'open-relay', 1, spliceOf(pair))).toMatchObject(
      refusal('stale-epoch'),
    );
    for (const end of [pair.ann, pair.bob]) end.say('bye', { reason: 'moved' });
    await Promise.all([pair.ann.closed(), pair.bob.closed()]);
    expect(broker.log.facts('relay-closed')).toHaveLength(1);
  });

  itLong('close-relay of a relay that moved closes who did not leave in time', async () => {
    const pair = await world.open(broker);
    await world.must(broker, 'close-relay', 1, { connection_id: pair.connectionId, reason: 'moved' });
    await Promise.all([pair.ann.closed(), pair.bob.closed()]);
    expect(broker.log.facts('relay-closed')).toHaveLength(1);
  });

  it('hold-target of a higher epoch ends the relay and keeps the controller for the next one', async () => {
    const pair = await world.open(broker);
    const again = await world.endpoint(broker, TARGET, 'target');
    again.say('resume', {
      connection_id: pair.connectionId,
      home_region: 'east',
      role: 'target',
      epoch: 1,
      survive_ms: 7_200_000,
    });
    const target = await world.fact(broker, 'target-attached', 2);
    expect(target).toMatchObject({ epoch: 1, resumed: true, consented: true, survive_ms: 7_200_000 });
    await world.hold(broker, { ...pair, target }, 2);
    expect(await world.fact(broker, 'relay-closed', 1)).toMatchObject({ epoch: 1, reason: 'moved' });
    await pair.bob.closed();
    expect(await pair.ann.got('interrupted')).toEqual({ reason: 'moved' });
    await world.splice(broker, { ...pair, target }, 2);
    expect(await again.got('opened')).toMatchObject({ epoch: 2, window_ms: 7_200_000 });
    expect(await pair.ann.got('opened')).toMatchObject({ epoch: 2 });
    pair.ann.data(Buffer.from('on'));
    await world.counted(broker, 'bytes_total', { direction: 'up' }, 2);
    await again.hears('on');
  });
});
