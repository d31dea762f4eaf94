import { type HealthPoint, isNewPoint, REGISTRY_LIMITS } from '#libs/registry';
import { Random } from '../../simulation/random.ts';
import type { RegistryUnderTest } from '../../support/registry.ts';
import { decision } from '../../support/registry-records.ts';

const ID = 'c1:a';
const HOUR_MS = REGISTRY_LIMITS.healthLifeMs;
const MINUTE_MS = 60_000;

/** What Redis keeps of a health over time, on whatever Redis. Points end by its clock, so these are of now. */
export function healthBehaviours(under: RegistryUnderTest): void {
  /** The beginning of a minute, half an hour ago. */
  let beganMs: number;

  beforeEach(async () => {
    beganMs = Math.floor((Date.now() - HOUR_MS / 2) / MINUTE_MS) * MINUTE_MS;
    await under.writer.applyDecisions([decision(ID, 1), decision('c2:a', 1)]);
  });

  const point = (s: number, health_score: number, more: Partial<HealthPoint> = {}): HealthPoint => ({
    atMs: beganMs + s * 1_000,
    health_score,
    ...more,
  });
  const report = async (points: readonly HealthPoint[], connection_id = ID) => {
    const last = points.at(-1);
    const last_heartbeat = new Date(last?.atMs ?? 0).toISOString();
    return under.writer.applyReports(
      [],
      [
        { connection_id: 'c2:a', last_heartbeat, health_score: 1, points: [] },
        { connection_id, last_heartbeat, health_score: last?.health_score ?? 0, points },
      ],
    );
  };
  const kept = async (id = ID, fromMs = 0, toMs = Date.now() + HOUR_MS) =>
    (await under.reader.connectionHealth(id, fromMs, toMs))?.map(({ time, ...rest }) => ({
      atMs: Date.parse(time),
      ...rest,
    }));
  /** A report every 5 s, mostly as the one before it. */
  const manyReports = (seed: number, length: number) => {
    const random = new Random(seed);
    let health_score = 100;
    return Array.from({ length }, (_none, i) => {
      if (random.chance(0.1)) health_score = random.between(0, 1_001) / 10;
      return point(60 + i * 5, health_score, random.chance(0.5) ? { round_trip_ms: i } : {});
    });
  };
  const thinned = (points: readonly HealthPoint[]) =>
    points.filter((each, i) => {
      const before = points[i - 1];
      return before === undefined || isNewPoint(before, each);
    });

  it('is a point a minute, and one where the score changed by a point', async () => {
    const reports = [
      ...[point(61, 99.6, { round_trip_ms: 41.26 }), point(66, 100), point(71, 99.4), point(76, 99)],
      ...[point(119, 99), point(120, 99), point(125, 40), point(130, 40), point(185, 40)],
    ];
    for (const each of reports) await report([each]);
    const expected = [reports[0], reports[2], reports[5], reports[6], reports[8]].map((each) => ({
      ...each,
    }));
    Object.assign(expected[0] ?? {}, { round_trip_ms: 41.3 });
    expect(await kept()).toEqual(expected);
    expect((await under.reader.connection(ID))?.health_score).toBe(40);
    expect(await kept('c2:a')).toEqual([]);
    expect(await kept('nobody:a')).toBeUndefined();
  });

  it('is the same in whatever portions the reports come, and when they come again', async () => {
    const reports = manyReports(1, 400);
    const expected = thinned(reports);
    expect(expected.length).toBeGreaterThan(50);
    const random = new Random(2);
    for (let from = 0; from < reports.length; ) {
      const length = random.between(1, 40);
      // A projector that was stopped reads again what it had read; and leaves out what it sees to be nothing new.
      const portion = reports.slice(Math.max(0, from - random.between(0, 30)), from + length);
      await report(random.chance(0.5) ? thinned(portion) : portion);
      from += length;
    }
    expect(await kept()).toEqual(expected);
    await report(reports);
    await report(thinned(reports.slice(100)));
    expect(await kept()).toEqual(expected);
  });

  it('has in its place what another agent reported, and what comes late', async () => {
    const [before, after] = [
      [point(60, 100), point(120, 100)],
      [point(600, 70), point(660, 70)],
    ];
    await report(after);
    await report(before);
    expect(await kept()).toEqual([...before, ...after]);
    expect((await under.reader.connection(ID))?.health_score).toBe(70);
    await report([point(130, 100), point(610, 70)]);
    await report([...before, ...after]);
    expect(await kept()).toEqual([...before, ...after]);
  });

  it('is of a time that is asked for, both ends included', async () => {
    const all = [0, 1, 2, 3].map((minute) => point(60 + minute * 60, 90));
    await report(all);
    expect(await kept(ID, all[1]?.atMs, all[2]?.atMs)).toEqual(all.slice(1, 3));
    expect(await kept(ID, (all[3]?.atMs ?? 0) + 1)).toEqual([]);
  });

  it('lets go what is older than an hour, and of very many points the oldest', async () => {
    await report([point(-120, 10), point(-60, 10), point(0, 10), point(60, 10)]);
    // As of the newest point, whatever the time is.
    const newest = point(HOUR_MS / 1_000 - 60, 10);
    await report([newest]);
    expect(await kept()).toEqual([point(-60, 10), point(0, 10), point(60, 10), newest]);
    const restless = Array.from({ length: 800 }, (_none, i) => point(60 + i * 4, i % 2 ? 80 : 20));
    await report(restless, 'c2:a');
    expect(await kept('c2:a')).toEqual(restless.slice(-REGISTRY_LIMITS.healthPoints));
  });

  it('ends by itself an hour after its last point', async () => {
    await report([point(-7_200, 10)]);
    expect(await kept()).toEqual([]);
    expect((await under.reader.connection(ID))?.health_score).toBe(10);
  });

  it('is of connections that have a row, and goes with it', async () => {
    expect(await report([point(60, 50)], 'c9:a')).toEqual(['c9:a']);
    expect(await kept('c9:a')).toBeUndefined();
    expect(await report([point(60, 50)])).toEqual([]);
    await under.writer.audit.forget('connection', [ID]);
    expect(await kept()).toBeUndefined();
    await under.writer.applyDecisions([decision(ID, 1), decision('c9:a', 1)]);
    expect([await kept(), await kept('c9:a')]).toEqual([[], []]);
  });
}
