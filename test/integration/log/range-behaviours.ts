import { type LogRecord, type OffsetRange, RANGE_LIMITS, RangeReader } from '#libs/log';
import { type Cluster, PARTITIONS, World } from './processes.ts';

const LIMIT_MS = 20_000;

/** What looking into the log at single places promises, whatever the log stands on. */
export function describeRanges(open: () => Promise<Cluster>): void {
  let cluster: Cluster;
  let world: World;
  let reader: RangeReader;
  let topic: string;

  beforeAll(async () => {
    cluster = await open();
    world = await World.open(cluster);
    topic = world.topic('connectionStatus');
    const facts = Array.from({ length: 300 }, (_none, n) => ({
      ...world.fact(`k${n}`, n),
      partition: n % PARTITIONS,
    }));
    await world.log.publish(facts);
  });
  beforeEach(() => {
    reader = new RangeReader(world.log, { topics: [topic] });
  });
  afterEach(() => reader.stop());
  afterAll(async () => {
    await world.close();
    await cluster.close();
  });

  const read = async (...ranges: OffsetRange[]) => {
    const found: LogRecord[] = [];
    const whole = await reader.read(ranges, LIMIT_MS, (record) => found.push(record));
    return { whole, at: found.map(({ partition, offset }) => `${partition}@${offset}`).sort(), found };
  };
  const at = (partition: number, from: number, to = from + 1): OffsetRange => ({
    topic,
    partition,
    from,
    to,
  });

  it('gives single records out of several partitions, and no others', async () => {
    const { whole, at: found, found: records } = await read(at(0, 7), at(1, 3), at(0, 2), at(1, 60));
    expect({ whole, found }).toEqual({ whole: true, found: ['0@2', '0@7', '1@3', '1@60'] });
    for (const record of records) expect(record).toMatchObject({ readable: true, topic });
  });

  it('gives ranges, in order within a partition, and reads again and again', async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      const { whole, found } = await read(at(2, 10 + turn, 14 + turn));
      expect(whole).toBe(true);
      expect(found.map(({ offset }) => offset)).toEqual([10, 11, 12, 13].map((each) => each + turn));
    }
  });

  it('gives nothing of what the log does not have, without waiting for it', async () => {
    expect(
      await read(at(0, 5_000, 6_000), { ...at(0, 1), topic: 'another.topic' }, at(9_999, 1)),
    ).toMatchObject({
      whole: true,
      at: [],
    });
    expect((await read(at(0, 5_000), at(0, 1))).at).toEqual(['0@1']);
  });

  it('answers reads that come at once each with its own', async () => {
    const all = await Promise.all([1, 2, 3, 4].map((offset) => read(at(0, offset), at(1, offset))));
    expect(all.map(({ at: found }) => found)).toEqual(
      [1, 2, 3, 4].map((offset) => [`0@${offset}`, `1@${offset}`]),
    );
  });

  it('says within its limit that it could not read all, and reads the next all the same', async () => {
    const nothing: LogRecord[] = [];
    expect(await reader.read([at(0, 0, 70), at(1, 0, 70)], 0, (record) => nothing.push(record))).toBe(false);
    expect(nothing).toEqual([]);
    expect((await read(at(0, 4))).at).toEqual(['0@4']);
  });

  it('refuses more ranges, and more who wait, than it has room for, and whatever comes after its end', async () => {
    const many = Array.from({ length: RANGE_LIMITS.ranges + 1 }, () => at(0, 1));
    await expect(read(...many)).rejects.toThrow('ranges');
    const waiting = Array.from({ length: RANGE_LIMITS.waiting }, () => read(at(0, 1)));
    await expect(read(at(0, 1))).rejects.toThrow('too many wait');
    expect(await Promise.all(waiting)).toHaveLength(RANGE_LIMITS.waiting);
    await reader.stop();
    await expect(read(at(0, 1))).rejects.toThrow();
  });
}
