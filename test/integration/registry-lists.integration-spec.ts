import { InvalidCursor, type RegistryReader } from '#libs/registry';
import { useRegistry } from '../support/registry.ts';
import { decision, NOW_MS } from '../support/registry-records.ts';

describe('lists of the registry', () => {
  const registry = useRegistry();

  it('lists by each filter and by all of them together', async () => {
    await registry.writer.applyDecisions([
      decision('c1:a', 1),
      decision('c1:b', 1, { status: 'failed', server_id: 'server-2' }),
      decision('c2:a', 1, { server_id: 'server-2' }),
      decision('c2:a', 2, { status: 'migrating', server_id: 'server-2' }),
    ]);
    const ids = async (filter: Parameters<RegistryReader['connections']>[0]) =>
      (await registry.reader.connections(filter, {})).items.map((item) => item.connection_id);
    expect(await ids({})).toEqual(['c1:a', 'c1:b', 'c2:a']);
    expect(await ids({ kind: 'link' })).toEqual(['c1:a', 'c1:b', 'c2:a']);
    expect(await ids({ status: 'active' })).toEqual(['c1:a']);
    expect(await ids({ status: 'migrating' })).toEqual(['c2:a']);
    expect(await ids({ client_id: 'c1' })).toEqual(['c1:a', 'c1:b']);
    expect(await ids({ server_id: 'server-2', status: 'failed', client_id: 'c1', kind: 'link' })).toEqual([
      'c1:b',
    ]);
    expect(await ids({ kind: 'session' })).toEqual([]);
  });

  it('turns pages that neither repeat nor lose a row while rows change', async () => {
    const id = (n: number) => `c:${String(n).padStart(3, '0')}`;
    await registry.writer.applyDecisions(Array.from({ length: 250 }, (_none, n) => decision(id(n), 1)));
    const seen: string[] = [];
    let cursor: string | undefined;
    let version = 1;
    do {
      const page = await registry.reader.connections(
        { kind: 'link' },
        { limit: 100, ...(cursor && { cursor }) },
      );
      seen.push(...page.items.map((item) => item.connection_id));
      cursor = page.next_cursor;
      version += 1;
      await registry.writer.applyDecisions(
        Array.from({ length: 250 }, (_none, n) => decision(id(n), version, { status: 'migrating' })),
      );
      await registry.writer.applyDecisions([decision(`new:${version}`, 1)]);
    } while (cursor);
    expect(seen.filter((each) => each.startsWith('c:'))).toEqual(
      Array.from({ length: 250 }, (_none, n) => id(n)),
    );
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('refuses a cursor of another list, of other filters, or of nobody', async () => {
    await registry.writer.applyDecisions([decision('c1:a', 1), decision('c1:b', 1)]);
    const { next_cursor = '' } = await registry.reader.connections({}, { limit: 1 });
    const ask = [
      registry.reader.connections({ status: 'active' }, { cursor: next_cursor }),
      registry.reader.agents({ cursor: next_cursor }, NOW_MS),
      registry.reader.connections({}, { cursor: 'not a cursor' }),
      registry.reader.connections({}, { cursor: Buffer.from('[1]').toString('base64url') }),
      registry.reader.connections({}, { cursor: 'A'.repeat(10_000) }),
    ];
    for (const answer of ask) await expect(answer).rejects.toThrow(InvalidCursor);
    expect((await registry.reader.connections({}, { cursor: next_cursor })).items).toHaveLength(1);
  });

  it('pages through the decisions of one connection', async () => {
    await registry.writer.applyDecisions(Array.from({ length: 5 }, (_none, n) => decision('c1:a', n + 1)));
    const first = await registry.reader.connectionEvents('c1:a', { limit: 3 });
    expect(first?.items.map((event) => event.offset)).toEqual([1, 2, 3]);
    const second = await registry.reader.connectionEvents('c1:a', {
      limit: 3,
      cursor: first?.next_cursor ?? '',
    });
    expect(second?.items.map((event) => event.offset)).toEqual([4, 5]);
    expect(second).not.toHaveProperty('next_cursor');
    expect(await registry.reader.connectionEvents('nobody:a', {})).toBeUndefined();
  });

  it('keeps the newest of very many decisions, and still knows their numbers', async () => {
    await registry.writer.applyDecisions(
      Array.from({ length: 2_500 }, (_none, n) => decision('c1:a', n + 1)),
    );
    const page = await registry.reader.connectionEvents('c1:a', { limit: 500 });
    expect(page?.items[0]?.event_id).toBe('c1:a/1501');
    const next = await registry.reader.connectionEvents('c1:a', {
      limit: 500,
      cursor: page?.next_cursor ?? '',
    });
    expect(next?.items.at(-1)?.event_id).toBe('c1:a/2500');
    expect(next).not.toHaveProperty('next_cursor');
  });

  it('keeps the ledger of each failover, newest first', async () => {
    const ledger = (n: number, active_at?: string) => ({
      failover_id: `c1:a~${n}`,
      from: 'server-1',
      to: 'server-2',
      reason: 'peer-lost' as const,
      detected_at: new Date(NOW_MS + n).toISOString(),
      ...(active_at && { active_at }),
    });
    await registry.writer.applyDecisions([
      decision('c1:a', 1, { failover: ledger(2) }),
      decision('c1:a', 2, { failover: ledger(2, '2026-01-01T00:00:01.000Z') }),
      decision('c1:a', 3, { failover: ledger(3) }),
    ]);
    expect(await registry.reader.failover('c1:a~2')).toEqual({
      connection_id: 'c1:a',
      ...ledger(2, '2026-01-01T00:00:01.000Z'),
    });
    expect((await registry.reader.failovers({})).items.map((each) => each.failover_id)).toEqual([
      'c1:a~3',
      'c1:a~2',
    ]);
    const { items, next_cursor } = await registry.reader.failovers({ limit: 1 });
    expect(items).toHaveLength(1);
    expect((await registry.reader.failovers({ cursor: next_cursor ?? '' })).items[0]?.failover_id).toBe(
      'c1:a~2',
    );
    expect(await registry.reader.failover('c1:a~9')).toBeUndefined();
  });
});
