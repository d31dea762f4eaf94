import { silentServer } from '../testing/impostors.ts';
import { Rig } from '../testing/rig.ts';
import { EndpointError } from './errors.ts';
import { candidate, directed, mostTelling, reachFirst } from './reach.ts';

describe('the first broker that answers', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start('broker-us-1', 'broker-us-2', 'broker-in-3');
  });
  afterAll(() => rig.stop());
  const reach = async (ids: readonly string[], signal?: AbortSignal): Promise<string> => {
    const brokers = ids.map((id) => rig.exchange.broker(id).broker);
    const options = { brokers, identity: rig.ann, role: 'target', silenceMs: 1_000 } as const;
    const candidates = brokers.map((broker) => candidate(broker, undefined, {}));
    const { leg } = await reachFirst(candidates, signal === undefined ? options : { ...options, signal });
    leg.close();
    return leg.broker.id;
  };

  it('is the first of the list while that takes sessions', async () => {
    expect(await reach(['broker-us-2', 'broker-us-1'])).toBe('broker-us-2');
    rig.exchange.broker('broker-us-2').isDraining = true;
    expect(await reach(['broker-us-2', 'broker-us-1'])).toBe('broker-us-1');
    rig.exchange.broker('broker-us-1').isFull = true;
    expect(await reach(['broker-us-2', 'broker-us-1', 'broker-in-3'])).toBe('broker-in-3');
    await expect(reach(['broker-us-2', 'broker-us-1'])).rejects.toMatchObject({ code: 'draining' });
  });

  it('is not waited for when the one before it says nothing', async () => {
    const silent = await silentServer();
    const { broker } = rig.exchange.broker('broker-in-3');
    const mute = { ...broker, id: 'broker-mute', port: silent.port, address: `127.0.0.1:${silent.port}` };
    const brokers = [mute, broker];
    const timings = { dialMs: 60_000 };
    const candidates = brokers.map((each) => candidate(each, undefined, {}));
    const reached = await reachFirst(candidates, {
      ...{ brokers, identity: rig.ann, role: 'target', silenceMs: 1_000, timings },
    });
    expect(reached.leg.broker.id).toBe('broker-in-3');
    reached.leg.close();
    await silent.close();
  });

  it('is waited for when this side was sent there, however near another one is', async () => {
    const silent = await silentServer();
    const { broker } = rig.exchange.broker('broker-in-3');
    const far = { ...broker, id: 'broker-far', port: silent.port, address: `127.0.0.1:${silent.port}` };
    const timings = { headStartMs: 600 };
    const candidates = [directed(far, { timings }), candidate(broker, 1, { timings })];
    const beganMs = performance.now();
    const reached = await reachFirst(candidates, {
      ...{ brokers: [far, broker], identity: rig.ann, role: 'controller', silenceMs: 1_000, timings },
    });
    expect(performance.now() - beganMs).toBeGreaterThan(500);
    reached.leg.close();
    await silent.close();
  });

  it('has time for the way there that was measured', () => {
    const { broker } = rig.exchange.broker('broker-in-3');
    expect(candidate(broker, 170, {}).patienceMs).toBeGreaterThan(5 * 170);
    expect(candidate(broker, 60_000, {}).patienceMs).toBe(directed(broker, {}).patienceMs);
  });

  it('is none when there is none, or the caller gave up', async () => {
    await expect(reach([])).rejects.toMatchObject({ code: 'no-broker' });
    await expect(reach(['broker-in-3'], AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
  });

  it('leaves the error that says most, when all failed', () => {
    const down = new EndpointError('no-broker');
    expect(mostTelling([down, new EndpointError('draining'), new EndpointError('intercepted')]).code).toBe(
      'intercepted',
    );
    expect(mostTelling([down, new EndpointError('full')]).code).toBe('full');
    expect(mostTelling([down]).code).toBe('no-broker');
    expect(mostTelling([]).code).toBe('no-broker');
  });
});
