import { encodeControl, encodePingFrame, SESSION_LIMITS } from '#libs/relay';
import { type Endpoint, type Role } from './endpoint.ts';
import { type Pair, type Running, TARGET, World } from './harness.ts';

const header = (type: number, length: number): Buffer =>
  Buffer.from([type, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]);
const control = (type: number, json: string): Buffer =>
  Buffer.concat([header(type, Buffer.byteLength(json)), Buffer.from(json)]);

const HELLO = encodeControl('hello', { version: 1, role: 'target' });
const NEW = encodeControl('new', {});
const ATTACH = encodeControl('attach', { code: 'E7F3K9QXM2B4TR', probes: [] });
const RESUME = encodeControl('resume', {
  connection_id: 'ses_0123456789abcdef',
  home_region: 'east',
  role: 'target',
  epoch: 0,
});
const CONSENT = encodeControl('consent', {});
const DATA = Buffer.concat([header(13, 3), Buffer.from('abc')]);
const BYE = encodeControl('bye', { reason: 'hung-up' });

/** Bytes that are wrong whatever was said before, each with its fault. */
const ALWAYS_WRONG: readonly [string, Buffer, string][] = [
  ['an unknown type', header(99, 0), 'unknown-frame-type'],
  ['a type of 0', header(0, 0), 'unknown-frame-type'],
  ['what only a broker says', encodeControl('goaway', { reason: 'x' }), 'unexpected-frame'],
  ['a huge control frame', header(3, 0xffffff), 'frame-too-large'],
  ['a huge data frame', header(13, 0xffffff), 'frame-too-large'],
  ['an empty data frame', header(13, 0), 'wrong-frame-length'],
  ['a ping of a wrong length', header(1, 9), 'wrong-frame-length'],
  ['JSON that is none', control(14, '{'), 'bad-json'],
  ['JSON that is no object', control(14, 'null'), 'bad-payload'],
  ['bytes that are no UTF-8', Buffer.concat([header(14, 2), Buffer.from([0xff, 0xfe])]), 'bad-json'],
  ['a member of a wrong type', control(14, '{"reason":7}'), 'bad-payload'],
];

/** Some of them, of different kinds, for where each costs a broker of its own. */
const SAMPLE = ALWAYS_WRONG.filter((_, at) => at % 3 === 2);

type State = 'greeting' | 'greeted' | 'asking' | 'held' | 'open' | 'interrupted';

/** Frames that are well made and out of order: in each state all that it does not allow. */
const OUT_OF_ORDER: Readonly<Record<State, readonly [string, Buffer][]>> = {
  greeting: [
    ...([
      ['new', NEW],
      ['attach', ATTACH],
      ['resume', RESUME],
      ['consent', CONSENT],
    ] as [string, Buffer][]),
    ...([
      ['data', DATA],
      ['bye', BYE],
      ['ping', encodePingFrame('ping', 1n)],
    ] as [string, Buffer][]),
  ],
  greeted: [
    ...([
      ['hello', HELLO],
      ['new', NEW],
      ['consent', CONSENT],
      ['data', DATA],
    ] as [string, Buffer][]),
  ],
  asking: [
    ...([
      ['hello', HELLO],
      ['attach', ATTACH],
      ['resume', RESUME],
    ] as [string, Buffer][]),
    ...([
      ['consent', CONSENT],
      ['data', DATA],
    ] as [string, Buffer][]),
  ],
  held: [
    ...([
      ['hello', HELLO],
      ['attach', ATTACH],
      ['resume', RESUME],
      ['data', DATA],
    ] as [string, Buffer][]),
    ['consent again', CONSENT],
  ],
  open: [
    ...([
      ['hello', HELLO],
      ['attach', ATTACH],
      ['resume', RESUME],
      ['consent', CONSENT],
    ] as [string, Buffer][]),
  ],
  interrupted: [
    ...([
      ['hello', HELLO],
      ['attach', ATTACH],
      ['resume', RESUME],
      ['consent', CONSENT],
    ] as [string, Buffer][]),
  ],
};

/** The states as `trunkline_broker_faults_total` tells them. */
const COUNTED_AS: Readonly<Record<State, string>> = {
  ...{ greeting: 'greeting', greeted: 'greeted', asking: 'asking', held: 'waiting', open: 'open' },
  interrupted: 'asking',
};

describe('what breaks the protocol', () => {
  let world: World;
  let broker: Running;
  beforeEach(async () => {
    world = new World();
    broker = await world.broker();
  });
  afterEach(() => world.clear());

  const target = (role?: Role): Promise<Endpoint> => world.endpoint(broker, TARGET, role);

  /** A target in a state, and the session it is in, if it is in one. */
  async function inState(state: State): Promise<{ endpoint: Endpoint; pair?: Pair }> {
    if (state === 'greeting') return { endpoint: await target() };
    if (state === 'greeted') return { endpoint: await target('target') };
    if (state === 'open' || state === 'interrupted') {
      const pair = await world.open(broker);
      if (state === 'interrupted') {
        pair.ann.socket.destroy();
        await pair.bob.got('interrupted');
      }
      return { endpoint: pair.bob, pair };
    }
    const { ann, code, controller } = await world.coded(broker);
    const endpoint = await target('target');
    endpoint.say('attach', { code, probes: [] });
    const attached = await world.fact(broker, 'target-attached', 1);
    const connectionId = String(controller.connection_id);
    const pair = { ann, bob: endpoint, code, controller, target: attached, connectionId };
    if (state === 'held') {
      await world.hold(broker, pair, 1);
      await endpoint.got('held');
    }
    return { endpoint, pair };
  }

  /** It is closed, with a word after hello and without one before, and counted with the state it was in. */
  async function isRefused(endpoint: Endpoint, state: State, fault: string, value: number): Promise<void> {
    await endpoint.closed();
    if (state === 'greeting') expect(endpoint.rawBytes).toBe(0);
    else expect(await endpoint.got('refused')).toEqual({ reason: 'protocol-error' });
    await world.counted(broker, 'faults_total', { fault, state: COUNTED_AS[state] }, value);
  }

  describe.each(Object.keys(OUT_OF_ORDER) as State[])('in state %s', (state) => {
    it.each(OUT_OF_ORDER[state])('%s is out of order', async (_name, bytes) => {
      const { endpoint } = await inState(state);
      endpoint.write(bytes);
      await isRefused(endpoint, state, 'unexpected-frame', 1);
    });
  });

  it.each(['greeting', 'greeted', 'asking', 'held', 'open', 'interrupted'] as const)(
    'is refused in state %s, whatever it is, and ends its session',
    async (state) => {
      for (const [, bytes, fault] of SAMPLE) {
        const own = await world.broker({}, 'broker-2');
        broker = own;
        const { endpoint, pair } = await inState(state);
        endpoint.write(bytes);
        await isRefused(endpoint, state, fault, 1);
        if (pair === undefined) continue;
        const closed = await world.fact(own, 'relay-closed', state === 'interrupted' ? 2 : 1);
        expect(closed).toMatchObject({ reason: 'protocol-error', closed_by: 'target' });
        if (state === 'open') expect(await pair.ann.got('bye')).toEqual({ reason: 'protocol-error' });
      }
    },
  );

  it.each(ALWAYS_WRONG)('%s is refused', async (_what, bytes, fault) => {
    const endpoint = await target('target');
    endpoint.write(bytes);
    await isRefused(endpoint, 'greeted', fault, 1);
  });

  it('a role that asks for what is the other’s is out of order', async () => {
    const controller = await target('controller');
    controller.write(ATTACH);
    await controller.closed();
    const probe = await target('probe');
    probe.write(NEW);
    await probe.closed();
    const pretender = await target('controller');
    pretender.write(RESUME);
    await pretender.closed();
    await world.counted(broker, 'faults_total', { fault: 'unexpected-frame', state: 'greeted' }, 3);
  });

  it('a version that is not spoken here is refused by name', async () => {
    const endpoint = await target();
    endpoint.say('hello', { version: 2, role: 'target' });
    expect(await endpoint.got('refused')).toEqual({ reason: 'unsupported-version' });
    await endpoint.closed();
  });

  it('a probe may ping, and not for ever', async () => {
    const probe = await target('probe');
    for (let token = 1n; token <= 64n; token += 1n) probe.ping(token);
    await probe.heardOut().catch(() => {});
    expect(probe.count('pong')).toBe(64);
    await isRefused(probe, 'greeted', 'unexpected-frame', 1);
  });

  it('a huge length is refused before anything of it is waited for', async () => {
    const endpoint = await target('target');
    endpoint.write(header(13, SESSION_LIMITS.dataPayloadBytes + 1));
    await isRefused(endpoint, 'greeted', 'frame-too-large', 1);
  });
});
