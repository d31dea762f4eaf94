import { silentServer } from '../testing/impostors.ts';
import { Rig } from '../testing/rig.ts';
import type { ProbeRow } from './probe.ts';
import { probe, probesOf } from './probe.ts';

describe('a probe', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start('broker-us-1', 'broker-us-2', 'broker-in-3');
  });
  afterAll(() => rig.stop());

  it('measures all brokers at once: the median of pings after the first', async () => {
    const rows: ProbeRow[] = [];
    const table = await probe(rig.exchange.list, rig.ann, { onRow: (row) => rows.push(row) });
    expect(rows).toHaveLength(3);
    expect(table.rows.map(({ status, samples }) => [status, samples])).toEqual(Array(3).fill(['ok', 5]));
    const times = table.rows.map(({ roundTripMs }) => roundTripMs ?? -1);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(0);
    expect(table.best).toBe(table.rows[0]);
    expect(
      probesOf(table)
        .map(({ broker_id }) => broker_id)
        .sort(),
    ).toEqual(rig.exchange.list.map(({ id }) => id).sort());
  });

  it('tells what takes no sessions, and puts it behind what does', async () => {
    rig.exchange.broker('broker-us-1').isDraining = true;
    rig.exchange.broker('broker-us-2').isFull = true;
    const table = await probe(rig.exchange.list, rig.ann);
    expect(
      table.rows
        .map(({ broker, status }) => `${broker.id} ${status}`)
        .slice(1)
        .sort(),
    ).toEqual(['broker-us-1 draining', 'broker-us-2 full']);
    expect(table.best?.broker.id).toBe('broker-in-3');
  });

  it('waits for nobody who is silent, and says why each is missing', async () => {
    const silent = await silentServer();
    const gone = await silentServer();
    await gone.close();
    const [first, ...others] = rig.exchange.list.map((broker, index) => ({
      ...broker,
      id: `broker-${index}`,
    }));
    const brokers = [
      { ...rig.exchange.broker('broker-in-3').broker },
      { ...first, port: silent.port, address: `127.0.0.1:${silent.port}` },
      { ...others[0], port: gone.port, address: `127.0.0.1:${gone.port}` },
      { ...others[1] },
    ] as typeof rig.exchange.list;
    const table = await probe(brokers, rig.ann, { timings: { probeMs: 1_500 } });
    const status = Object.fromEntries(table.rows.map((row) => [row.broker.id, row.status]));
    expect(status).toEqual({
      'broker-in-3': 'ok',
      'broker-0': 'timeout',
      'broker-1': 'no-broker',
      'broker-2': 'untrusted-broker',
    });
    expect(probesOf(table)).toHaveLength(1);
    await silent.close();
  });

  it('is given up when its caller gives up', async () => {
    const stopped = probe(rig.exchange.list, rig.ann, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
  });
});
