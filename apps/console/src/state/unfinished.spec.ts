import type { Connection, Failover } from '../model.ts';
import { emptyWorld, forgetOldest } from './fold.ts';
import { UnfinishedMoves } from './unfinished.ts';

const row = (id: string, status: string, version = 3) =>
  ({ connection_id: id, status, version, phase: 'suppressed' }) as Connection;
const move = (id: string, more: Partial<Failover> = {}): Failover => ({
  ...{ failover_id: `${id}~1`, connection_id: id, reason: 'server-lost' },
  detected_at: '2026-01-01T00:00:00Z',
  ...more,
});
const { signal } = new AbortController();

describe('moves that are not over', () => {
  function reading(rows: readonly Connection[], known: readonly Failover[] = []) {
    const world = emptyWorld();
    for (const each of rows) world.connections.set(each.connection_id, each);
    for (const each of known) world.failovers.set(each.failover_id, each);
    const asked: string[] = [];
    const get = async (_path: string, query: { connection_id: string }) => {
      asked.push(query.connection_id);
      return { items: [move(query.connection_id)] };
    };
    const moves = new UnfinishedMoves({ get } as never);
    return { world, asked, read: () => moves.read(world, signal) };
  }

  it('are read of connections without a path that no known one is of', async () => {
    const { world, asked, read } = reading(
      [
        row('a', 'failed'),
        row('b', 'active'),
        row('c', 'failed'),
        row('d', 'failed'),
        { ...row('e', 'migrating'), phase: 'interrupted' },
      ],
      [move('c'), move('d', { active_at: '2026-01-01T00:00:01Z' })],
    );
    await read();
    expect(asked).toEqual(['a', 'd', 'e']);
    expect([...world.failovers.keys()].sort()).toEqual(['a~1', 'c~1', 'd~1', 'e~1']);
  });

  it('are asked for once, and again when the connection is not as it was', async () => {
    const { world, asked, read } = reading([row('a', 'failed')]);
    await read();
    world.failovers.clear();
    await read();
    expect(asked).toEqual(['a']);
    world.connections.set('a', row('a', 'failed', 4));
    await read();
    expect(asked).toEqual(['a', 'a']);
  });

  it('are read in rounds, so that thousands are no burst', async () => {
    const { asked, read } = reading(Array.from({ length: 450 }, (_none, n) => row(`${n}`, 'failed')));
    await read();
    expect(asked).toHaveLength(200);
    await read();
    await read();
    expect(new Set(asked).size).toBe(450);
  });

  it('are kept when the oldest of those that are over leave', () => {
    const at = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString();
    const failovers = new Map(
      Array.from({ length: 700 }, (_none, n) => {
        const each = move(`${n}`, { detected_at: at(n), ...(n > 0 && { active_at: at(n + 1) }) });
        return [each.failover_id, each];
      }),
    );
    forgetOldest(failovers, 300);
    expect(failovers.size).toBe(700);
    forgetOldest(failovers, 200);
    expect(failovers.size).toBe(200);
    expect([failovers.has('0~1'), failovers.has('1~1'), failovers.has('699~1')]).toEqual([true, false, true]);
  });
});
