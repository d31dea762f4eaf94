import type { AgentDecision, LinkDecision } from '#libs/contracts';
import { CONNECTION_SORTS, type FailoverFilter, InvalidCursor, type Page } from '#libs/registry';
import { agentDecision } from '../support/decisions.ts';
import { useRegistry } from '../support/registry.ts';
import { decision, NOW_MS, record } from '../support/registry-records.ts';

/** All of a list, page by page. */
async function all<T>(turn: (cursor: object) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await turn(cursor === undefined ? {} : { cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return items;
}

/** A session's decision, as far as lists look at it. */
const session = (id: string, version: number, data: object) =>
  decision(id, version, { kind: 'session', ...data } as unknown as Partial<LinkDecision>);
const agent = (name: string, id: string, data: Partial<AgentDecision>) =>
  record(name, { ...agentDecision(id, 1, 'life-1'), ...data });

const at = (second: number) => new Date(NOW_MS + second * 1_000).toISOString();

describe('filters and orders of the registry', () => {
  const registry = useRegistry();
  const ids = (filter: object, sort?: (typeof CONNECTION_SORTS)[number], limit = 500) =>
    all((cursor) => registry.reader.connections(filter, { limit, ...cursor }, sort)).then((items) =>
      items.map(({ connection_id }) => connection_id),
    );

  it('lists connections by phase, broker and home, and forgets what they were', async () => {
    await registry.writer.applyDecisions([
      decision('c1:a', 1, { phase: 'degraded' }),
      decision('c1:b', 1, { home_region: 'west' }),
      session('ses_1', 1, { broker_id: 'broker-1', phase: 'open' }),
    ]);
    expect(await ids({ phase: 'degraded' })).toEqual(['c1:a']);
    expect(await ids({ broker_id: 'broker-1' })).toEqual(['ses_1']);
    expect(await ids({ home_region: 'west' })).toEqual(['c1:b']);
    expect(await ids({ home_region: 'west', phase: 'active', kind: 'link' })).toEqual(['c1:b']);
    expect(await ids({ home_region: 'west', phase: 'degraded' })).toEqual([]);
    await registry.writer.applyDecisions([
      decision('c1:a', 2, { phase: 'active' }),
      session('ses_1', 2, { broker_id: 'broker-2', phase: 'open' }),
    ]);
    expect(await ids({ phase: 'degraded' })).toEqual([]);
    expect(await ids({ broker_id: 'broker-1' })).toEqual([]);
    expect(await ids({ broker_id: 'broker-2' })).toEqual(['ses_1']);
    await registry.writer.audit.forget('connection', ['ses_1']);
    expect(await ids({ broker_id: 'broker-2' })).toEqual([]);
    expect(await ids({}, '-updated_at')).not.toContain('ses_1');
  });

  it('orders by id and by the newest decision, from either end, whatever the pages are', async () => {
    await registry.writer.applyDecisions([
      decision('c:a', 1, { decided_at: at(3) }),
      decision('c:b', 1, { decided_at: at(1), server_id: 'server-2' }),
      decision('c:c', 1, { decided_at: at(2) }),
      decision('c:d', 1, { decided_at: at(2), server_id: 'server-2' }),
    ]);
    for (const limit of [1, 2, 3, 500]) {
      expect(await ids({}, 'connection_id', limit)).toEqual(['c:a', 'c:b', 'c:c', 'c:d']);
      expect(await ids({}, '-connection_id', limit)).toEqual(['c:d', 'c:c', 'c:b', 'c:a']);
      expect(await ids({}, 'updated_at', limit)).toEqual(['c:b', 'c:c', 'c:d', 'c:a']);
      expect(await ids({}, '-updated_at', limit)).toEqual(['c:a', 'c:d', 'c:c', 'c:b']);
      expect(await ids({ server_id: 'server-2' }, '-updated_at', limit)).toEqual(['c:d', 'c:b']);
      expect(await ids({ server_id: 'server-2' }, '-connection_id', limit)).toEqual(['c:d', 'c:b']);
    }
    await registry.writer.applyDecisions([decision('c:b', 2, { decided_at: at(9) })]);
    expect(await ids({}, '-updated_at')).toEqual(['c:b', 'c:a', 'c:d', 'c:c']);
  });

  it.each(CONNECTION_SORTS)(
    'by %s meets each connection that stays once while others change',
    async (sort) => {
      const name = (n: number) => `c:${String(n).padStart(3, '0')}`;
      await registry.writer.applyDecisions(
        Array.from({ length: 120 }, (_none, n) => decision(name(n), 1, { decided_at: at(n % 7) })),
      );
      let version = 1;
      const seen = await all(async (cursor) => {
        const page = await registry.reader.connections({ kind: 'link' }, { limit: 25, ...cursor }, sort);
        version += 1;
        // Every third one changes between any two pages, and new ones come.
        const changed = Array.from({ length: 40 }, (_none, n) =>
          decision(name(3 * n), version, { decided_at: at(100 + version) }),
        );
        if (version < 6) await registry.writer.applyDecisions([...changed, decision(`new:${version}`, 1)]);
        return page;
      });
      const stayed = Array.from({ length: 120 }, (_none, n) => name(n)).filter((_name, n) => n % 3 !== 0);
      const met = seen.map(({ connection_id }) => connection_id).filter((id) => stayed.includes(id));
      expect(met.sort()).toEqual(stayed);
    },
  );

  it('refuses a cursor of another order', async () => {
    await registry.writer.applyDecisions([decision('c1:a', 1), decision('c1:b', 1)]);
    const { next_cursor = '' } = await registry.reader.connections({}, { limit: 1 }, '-updated_at');
    for (const sort of ['updated_at', 'connection_id'] as const) {
      await expect(registry.reader.connections({}, { cursor: next_cursor }, sort)).rejects.toThrow(
        InvalidCursor,
      );
    }
    const filter = { client_id: 'c'.repeat(64), server_id: 's'.repeat(64), broker_id: 'b'.repeat(64) };
    await registry.writer.applyDecisions([session('long:a', 1, filter), session('long:b', 1, filter)]);
    expect(await ids(filter, 'updated_at', 1)).toEqual(['long:a', 'long:b']);
  });

  it('lists agents by kind, status and control region', async () => {
    await registry.writer.applyDecisions([
      agent('agent-lost', 'a1', { kind: 'broker' }),
      agent('agent-draining', 'a2', { kind: 'broker', control_region: 'west' }),
      agent('agent-lost', 'a3', { kind: 'client-sidecar' }),
    ]);
    const named = (filter: object, limit = 500) =>
      all((cursor) => registry.reader.agents({ limit, ...cursor }, NOW_MS, filter)).then((items) =>
        items.map(({ agent_id }) => agent_id),
      );
    expect(await named({})).toEqual(['a1', 'a2', 'a3']);
    for (const limit of [1, 2, 500]) {
      expect(await named({ kind: 'broker' }, limit)).toEqual(['a1', 'a2']);
      expect(await named({ status: 'lost' }, limit)).toEqual(['a1', 'a3']);
      expect(await named({ status: 'lost', kind: 'broker' }, limit)).toEqual(['a1']);
      expect(await named({ control_region: 'west' }, limit)).toEqual(['a2']);
    }
    expect(await named({ status: 'alive' })).toEqual([]);
  });

  it('lists failovers by connection, reason, ends and time of detection, the newest first', async () => {
    const move = (id: string, n: number, more: object) =>
      decision(id, n, {
        failover: {
          failover_id: `${id}~${n}`,
          from: 'server-1',
          to: 'server-2',
          reason: 'peer-lost' as const,
          detected_at: at(n),
          ...more,
        },
      });
    await registry.writer.applyDecisions([
      move('c:a', 1, {}),
      move('c:a', 2, { from: 'server-2', to: 'server-3' }),
      move('c:a', 3, { reason: 'degraded' }),
      ...[1, 2, 3].map((n) => decision('c:b', n)),
      move('c:b', 4, { to: 'server-3' }),
    ]);
    const listed = (filter: FailoverFilter, limit = 500) =>
      all((cursor) => registry.reader.failovers({ limit, ...cursor }, filter)).then((items) =>
        items.map(({ failover_id }) => failover_id),
      );
    const since = (second: number) => Date.parse(at(second));
    for (const limit of [1, 2, 500]) {
      expect(await listed({}, limit)).toEqual(['c:b~4', 'c:a~3', 'c:a~2', 'c:a~1']);
      expect(await listed({ connection_id: 'c:a' }, limit)).toEqual(['c:a~3', 'c:a~2', 'c:a~1']);
      expect(await listed({ connection_id: 'c:a', reason: 'peer-lost' }, limit)).toEqual(['c:a~2', 'c:a~1']);
      expect(await listed({ to: 'server-3' }, limit)).toEqual(['c:b~4', 'c:a~2']);
      expect(await listed({ from: 'server-1', to: 'server-2' }, limit)).toEqual(['c:a~3', 'c:a~1']);
      expect(await listed({ sinceMs: since(2) }, limit)).toEqual(['c:b~4', 'c:a~3', 'c:a~2']);
      expect(await listed({ untilMs: since(3) }, limit)).toEqual(['c:a~2', 'c:a~1']);
      expect(await listed({ sinceMs: since(2), untilMs: since(4) }, limit)).toEqual(['c:a~3', 'c:a~2']);
      expect(await listed({ connection_id: 'c:a', sinceMs: since(2), untilMs: since(3) }, limit)).toEqual([
        'c:a~2',
      ]);
      for (const connection_id of [undefined, 'c:a']) {
        const of = connection_id === undefined ? {} : { connection_id };
        const known = await listed(of, limit);
        const [never, ever] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59Z')];
        for (const longAgo of [never, -1, 0]) {
          expect(await listed({ ...of, sinceMs: longAgo }, limit)).toEqual(known);
          expect(await listed({ ...of, untilMs: longAgo }, limit)).toEqual([]);
        }
        expect(await listed({ ...of, untilMs: ever }, limit)).toEqual(known);
        expect(await listed({ ...of, sinceMs: ever }, limit)).toEqual([]);
      }
    }
    expect(await listed({ connection_id: 'nobody:a' })).toEqual([]);
  });
});
