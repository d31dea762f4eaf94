import type { LinkDecision } from '#libs/contracts';
import { InvalidCursor, type RegistryReader, type RegistryWriter } from '#libs/registry';
import { Random } from '../../simulation/random.ts';
import { decidedAt, Frozen, listedAt, RUN_IDS, randomRun, wholeHistory } from '../../support/history-run.ts';
import { byLength } from '../../support/length.ts';
import { NOW_MS } from '../../support/registry-records.ts';

const DECISIONS = 1_500;
const MOMENTS = byLength(100, 1_000);
/** Of the test that compares so many, in milliseconds. */
const LIMIT_MS = byLength(120_000, 600_000);

export interface HistoryUnderTest {
  readonly writer: RegistryWriter;
  readonly reader: RegistryReader;
}

/** What a history promises, on whatever Redis. */
export function historyBehaviours(under: HistoryUnderTest): void {
  const SEED = 20_260_101;
  const run = randomRun(SEED, DECISIONS);

  it(
    `answers, for ${MOMENTS} random moments, what the registry held then`,
    async () => {
      const random = new Random(SEED + 1);
      const frozen = new Frozen(random);
      await frozen.watch(under.writer, under.reader, run);
      const sealed = run.filter(({ key }) => key === RUN_IDS[0]).length;
      expect(sealed).toBeGreaterThan(3 * 256);
      for (let n = 0; n < MOMENTS; n += 1) {
        const atMs = frozen.moment();
        const rows = frozen.at(atMs);
        expect([atMs, await listedAt(under.reader, atMs)]).toEqual([atMs, [...rows.values()]]);
        for (const id of RUN_IDS) expect(await under.reader.connectionAt(id, atMs)).toEqual(rows.get(id));
      }
      // With the filters of the list; and in pages, one row looked at more than asked for or not.
      for (let n = 0; n < MOMENTS / 10; n += 1) {
        const atMs = frozen.moment();
        const rows = [...frozen.at(atMs).values()];
        const status = random.pick(['requested', 'active', 'migrating', 'failed', 'closed']);
        const server_id = `server-${random.between(1, 4)}`;
        const wanted = rows.filter((row) => row.status === status);
        expect(await listedAt(under.reader, atMs, { status, kind: 'link' }, 1)).toEqual(wanted);
        expect(await listedAt(under.reader, atMs, { status, server_id }, 2)).toEqual(
          wanted.filter((row) => row.server_id === server_id),
        );
      }
    },
    LIMIT_MS,
  );

  it('keeps each decision once, in whatever portions and however often they come', async () => {
    const random = new Random(SEED + 2);
    for (let from = 0; from < run.length; ) {
      const length = random.between(1, 400);
      // A projector that was stopped gives again what it had given.
      await under.writer.applyDecisions(run.slice(Math.max(0, from - random.between(0, 300)), from + length));
      from += length;
    }
    await under.writer.applyDecisions(run);
    for (const id of RUN_IDS) {
      const expected = run
        .filter(({ key }) => key === id)
        .map(({ event_id, name, version, timeMs, partition, offset }) => {
          const time = new Date(timeMs).toISOString();
          return { version, event_id, type: name, time, partition, offset };
        });
      const found = await wholeHistory(under.reader, id);
      expect(found.map(({ row, ...event }) => event)).toEqual(expected);
      expect(found.at(-1)?.row).toEqual(await under.reader.connection(id));
    }
  });

  it('goes by the latest time so far when a clock went back, across blocks and in the open part', async () => {
    const back = [100, 255, 256, 257, 400, 512, 513, 530];
    const records = Array.from({ length: 540 }, (_none, i) => {
      const version = i + 1;
      return decidedAt('c1:a', version, back.includes(version) ? 1 : version * 1_000);
    });
    await under.writer.applyDecisions(records);
    const versionAt = async (ms: number) => (await under.reader.connectionAt('c1:a', NOW_MS + ms))?.version;
    expect(await versionAt(999)).toBeUndefined();
    for (let version = 1; version <= 540; version += 1) {
      if (back.includes(version)) continue;
      // Whatever was decided by a clock that was behind was believed from the decision before it on.
      let expected = version;
      while (back.includes(expected + 1)) expected += 1;
      expect([version, await versionAt(version * 1_000)]).toEqual([version, expected]);
      expect([version, await versionAt(version * 1_000 + 999)]).toEqual([version, expected]);
    }
  });

  it('gives decisions by version, from blocks and from the open part together', async () => {
    const records = Array.from({ length: 700 }, (_none, i) =>
      decidedAt('c1:a', i + 1, i, { phase: i % 2 ? 'active' : 'degraded' } as Partial<LinkDecision>),
    );
    await under.writer.applyDecisions(records);
    const versions = async (range: Parameters<RegistryReader['historyOf']>[1]) => {
      const found = await under.reader.historyOf('c1:a', range);
      return found && [found[0]?.version, found.at(-1)?.version, found.length];
    };
    expect(await versions({})).toEqual([1, 100, 100]);
    expect(await versions({ fromVersion: 250, limit: 500 })).toEqual([250, 700, 451]);
    expect(await versions({ fromVersion: 256, toVersion: 257 })).toEqual([256, 257, 2]);
    expect(await versions({ fromVersion: 513, limit: 1 })).toEqual([513, 513, 1]);
    expect(await versions({ fromVersion: 701 })).toEqual([undefined, undefined, 0]);
    expect(await under.reader.historyOf('nobody:a', {})).toBeUndefined();
    expect((await under.reader.historyOf('c1:a', { fromVersion: 300, limit: 1 }))?.[0]?.row).toMatchObject({
      connection_id: 'c1:a',
      version: 300,
      phase: 'active',
    });
  });

  it('lists in pages that belong to their moment and their filters', async () => {
    const records = ['a:1', 'b:1', 'c:1'].map((id, i) => decidedAt(id, 1, i * 10));
    await under.writer.applyDecisions(records);
    const { items, next_cursor = '' } = await under.reader.connectionsAt({}, { limit: 1 }, NOW_MS + 10);
    expect(items.map((item) => item.connection_id)).toEqual(['a:1']);
    const ask = (filter: object, atMs: number) =>
      under.reader.connectionsAt(filter, { cursor: next_cursor }, atMs);
    expect((await ask({}, NOW_MS + 10)).items.map((item) => item.connection_id)).toEqual(['b:1']);
    await expect(ask({}, NOW_MS + 11)).rejects.toThrow(InvalidCursor);
    await expect(ask({ status: 'active' }, NOW_MS + 10)).rejects.toThrow(InvalidCursor);
    await expect(under.reader.connections({}, { cursor: next_cursor })).rejects.toThrow(InvalidCursor);
    expect(await under.reader.connectionAt('a:1', NOW_MS - 1)).toBeUndefined();
    expect(await under.reader.connectionAt('nobody:1', NOW_MS)).toBeUndefined();
  });
}
