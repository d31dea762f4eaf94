import { GUESS_LIMITS } from '../../../apps/broker/src/guess-limits.ts';
import { type Running, TARGET, World } from './harness.ts';

const FREE_PER_IDENTITY = 5;

describe('codes that lead nowhere', () => {
  let world: World;
  let broker: Running;
  beforeEach(async () => {
    world = new World();
    broker = await world.broker();
  });
  afterEach(() => world.clear());

  async function attached(as: string, code: string, count: number) {
    const endpoint = await world.endpoint(broker, as, 'target');
    endpoint.say('attach', { code, probes: [] });
    return { endpoint, target: await world.fact(broker, 'target-attached', count) };
  }

  /** A code that nobody was given, of the right form. */
  async function guessed(): Promise<string> {
    const other = await world.broker({}, 'broker-2');
    const { code } = await world.coded(other);
    return code;
  }

  it('are refused by the word of the control plane, and the log has the attempt', async () => {
    const code = await guessed();
    const { endpoint, target } = await attached(TARGET, code, 1);
    await world.must(broker, 'reject-target', 1, {
      connection_id: target.connection_id,
      attachment_id: target.attachment_id,
      identity: TARGET,
      reason: 'unknown-code',
    });
    expect(await endpoint.got('refused')).toEqual({ reason: 'unknown-code' });
    await endpoint.closed();
  });

  it('are refused at once when they are mistyped or of no region, without a fact', async () => {
    const { code } = await world.coded(broker);
    const typo = code.slice(0, -1) + (code.endsWith('0') ? '1' : '0');
    for (const wrong of [typo, 'E', '0']) {
      const endpoint = await world.endpoint(broker, TARGET, 'target');
      endpoint.say('attach', { code: wrong, probes: [] });
      expect(await endpoint.got('refused')).toEqual({ reason: 'unknown-code' });
      await endpoint.closed();
    }
    expect(broker.log.facts('target-attached')).toEqual([]);
  });

  it('make who tries many of them wait, and nobody else', async () => {
    const code = await guessed();
    for (let count = 1; count <= FREE_PER_IDENTITY + 1; count += 1) {
      const { endpoint, target } = await attached('eve', code, count);
      await world.must(broker, 'reject-target', 1, {
        connection_id: target.connection_id,
        attachment_id: target.attachment_id,
        identity: 'eve',
        reason: 'unknown-code',
      });
      await endpoint.closed();
    }
    const eve = await world.endpoint(broker, 'eve', 'target');
    eve.say('attach', { code, probes: [] });
    expect(await eve.got('refused')).toMatchObject({ reason: 'rate-limited' });
    expect((await eve.got('refused')).retry_after_ms).toBeGreaterThan(0);
    await eve.closed();
    const { endpoint } = await attached(TARGET, code, FREE_PER_IDENTITY + 2);
    expect(endpoint.isClosed).toBe(false);
  });

  it('cost nothing when they lead somewhere', async () => {
    for (let count = 1; count <= FREE_PER_IDENTITY + 2; count += 1) {
      const { ann, controller } = await world.coded(broker);
      const { code } = await ann.got('code');
      const { endpoint, target } = await attached(TARGET, code, count);
      const connectionId = String(target.connection_id);
      await world.hold(broker, { connectionId, code, controller, target }, 1);
      endpoint.say('bye', { reason: 'declined' });
      await endpoint.closed();
      await world.must(broker, 'close-relay', 1, { connection_id: connectionId, reason: 'declined' });
      await ann.closed();
    }
  });

  it('and ids that lead nowhere make who shows many of them wait as well', async () => {
    const id = { home_region: 'east', role: 'target', epoch: 1 } as const;
    const comeBack = async (as: string, connection_id: string) =>
      (await world.endpoint(broker, as, 'target')).say('resume', { connection_id, ...id });
    const turns = Array.from({ length: GUESS_LIMITS.freeReturns + 1 }, (_, turn) => `ses_made-up-${turn}`);
    const legs = await Promise.all(turns.map((connectionId) => comeBack('eve', connectionId)));
    await world.fact(broker, 'target-attached', turns.length);
    const attached = broker.log.facts('target-attached');
    const about = { identity: 'eve', reason: 'unknown-code' };
    await Promise.all(
      attached.map(({ connection_id, attachment_id }) =>
        world.must(broker, 'reject-target', 1, { connection_id, attachment_id, ...about }),
      ),
    );
    await Promise.all(legs.map((leg) => leg.closed()));
    const again = await comeBack('eve', 'ses_made-up-again');
    expect(await again.got('refused')).toMatchObject({ reason: 'rate-limited' });
    expect(broker.log.facts('target-attached')).toHaveLength(turns.length);
  });

  it('and ids of no known region hold no place: nobody would ever answer', async () => {
    for (const role of ['controller', 'target'] as const) {
      const endpoint = await world.endpoint(broker, 'eve', role);
      endpoint.say('resume', { connection_id: 'ses_made-up', home_region: 'north', role, epoch: 1 });
      expect(await endpoint.got('refused')).toMatchObject({ reason: 'unavailable' });
      await endpoint.closed();
    }
  });

  it('cannot be asked for without end', async () => {
    const few = await world.broker({ TRUNKLINE_CODES_PER_MINUTE: '1' }, 'broker-2');
    await world.coded(few);
    const again = await world.endpoint(few, 'ann', 'controller');
    again.say('new', {});
    expect(await again.got('refused')).toMatchObject({ reason: 'rate-limited' });
    const other = await world.endpoint(few, 'eve', 'controller');
    other.say('new', {});
    await world.fact(few, 'connection-request', 2);
  });

  it('are not taken where there is no room for another session', async () => {
    const small = await world.broker({ TRUNKLINE_CAPACITY: '1' }, 'broker-2');
    await world.open(small);
    const late = await world.endpoint(small, 'eve');
    late.hello('target');
    expect(await late.got('welcome')).toMatchObject({ full: true });
    late.say('attach', { code: 'E7F3K9QXM2B4TR', probes: [] });
    expect(await late.got('refused')).toMatchObject({ reason: 'full' });
  });
});
