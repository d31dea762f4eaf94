import type { LinkDecision } from '#libs/contracts';
import { RegistryRebuilding } from '#libs/registry';
import { agentDecision } from '../support/decisions.ts';
import { goldenData } from '../support/golden.ts';
import { redisContents } from '../support/projection.ts';
import { redisCommand, redisHash } from '../support/redis.ts';
import { EARLIEST, EVENTS, useRegistry } from '../support/registry.ts';
import { decision, load, NOW_MS, record } from '../support/registry-records.ts';

describe('the registry in Redis', () => {
  const registry = useRegistry();

  it('holds the fields that the contract names', async () => {
    await registry.writer.applyDecisions([decision('c1:primary', 1, { failover_target: 'server-2' })]);
    await registry.writer.applyReports(
      [],
      [
        {
          connection_id: 'c1:primary',
          last_heartbeat: '2026-01-01T00:00:09.000Z',
          health_score: 88,
          points: [],
        },
      ],
    );
    expect(await redisHash(registry.url, 'connections:{c1:primary}')).toEqual({
      client_id: 'c1',
      server_id: 'server-1',
      status: 'active',
      last_heartbeat: '2026-01-01T00:00:09.000Z',
      health_score: '88',
      failover_target: 'server-2',
      kind: 'link',
      phase: 'active',
      epoch: '1',
      home_region: 'east',
      updated_at: '2026-01-01T00:00:01.000Z',
      version: '1',
    });
  });

  it('holds a session with its phase and its broker, finds it by its kind, and tells of its move', async () => {
    const resumed = { ...goldenData('session-resumed'), version: 1 } as never;
    await registry.writer.applyDecisions([record('session-resumed', resumed), decision('c1:primary', 1)]);
    const [session] = (await registry.reader.connections({ kind: 'session' }, {})).items;
    expect(session).toMatchObject({
      connection_id: 'ses_4kq1Zt7nXb9s_0aVYw3LmEo8',
      status: 'active',
      phase: 'open',
      epoch: 2,
      broker_id: 'broker-in-3',
    });
    const [move] = (await registry.reader.failovers({})).items;
    expect(move).toMatchObject({ from: 'broker-in-4', to: 'broker-in-3', reason: 'broker-lost' });
    const ended = { ...goldenData('session-interrupted'), version: 2, broker_id: undefined } as never;
    await registry.writer.applyDecisions([record('session-interrupted', ended)]);
    const row = await redisHash(registry.url, `connections:{${session?.connection_id}}`);
    expect(row).toMatchObject({ status: 'migrating', phase: 'interrupted', version: '2' });
    expect(row.broker_id).toBeUndefined();
  });

  it('applies each version once, in whatever portions they come again', async () => {
    const all = [1, 2, 3, 4, 5].map((version) => decision('c1:primary', version));
    expect(await registry.writer.applyDecisions(all.slice(0, 3))).toEqual({
      applied: 3,
      skipped: 0,
      gaps: [],
    });
    expect(await registry.writer.applyDecisions(all)).toEqual({ applied: 2, skipped: 3, gaps: [] });
    const before = await redisContents(registry.url);
    expect(await registry.writer.applyDecisions(all)).toEqual({ applied: 0, skipped: 5, gaps: [] });
    expect(await redisContents(registry.url)).toEqual(before);
    const events = await registry.reader.connectionEvents('c1:primary', {});
    expect(events?.items.map((event) => event.event_id)).toEqual(all.map((each) => each.event_id));
    expect(events?.items[1]).toEqual({
      event_id: 'c1:primary/2',
      type: 'connection-activated',
      time: '2026-01-01T00:00:00.000Z',
      partition: 0,
      offset: 2,
      data: all[1]?.data,
    });
  });

  it('names a gap and applies nothing behind it', async () => {
    await registry.writer.applyDecisions([decision('c1:primary', 1)]);
    expect(
      await registry.writer.applyDecisions([decision('c1:primary', 3), decision('c2:primary', 1)]),
    ).toEqual({
      applied: 1,
      skipped: 0,
      gaps: [{ key: 'c1:primary', have: 1, next: 3 }],
    });
    expect((await registry.reader.connection('c1:primary'))?.version).toBe(1);
  });

  it('removes what a decision no longer says', async () => {
    const { server_id, ...failed } = decision('c1:primary', 2, { status: 'failed' }).data as LinkDecision;
    expect(server_id).toBe('server-1');
    await registry.writer.applyDecisions([decision('c1:primary', 1)]);
    await registry.writer.applyDecisions([{ ...decision('c1:primary', 2), data: failed as LinkDecision }]);
    expect(await registry.reader.connection('c1:primary')).not.toHaveProperty('server_id');
    expect((await registry.reader.connections({ server_id: 'server-1' }, {})).items).toEqual([]);
  });

  it('shows an agent as its last report and the decisions on it say', async () => {
    const at = (s: number) => new Date(NOW_MS + s * 1_000).toISOString();
    await registry.writer.applyReports([load('s1', at(0))], []);
    expect(await registry.reader.agent('s1', NOW_MS + 15_000)).toEqual({
      agent_id: 's1',
      kind: 'server-sidecar',
      control_region: 'west',
      location: 'berlin',
      address: '127.0.0.1:28583',
      capacity: 10,
      connections: 3,
      draining: false,
      status: 'alive',
      health_score: 97.5,
      last_heartbeat: at(0),
      software_version: '0.1.0',
      incarnation: 'life-1',
    });
    expect((await registry.reader.agent('s1', NOW_MS + 15_001))?.status).toBe('suspect');
    await registry.writer.applyDecisions([record('agent-lost', agentDecision('s1', 1, 'life-1'))]);
    expect((await registry.reader.agent('s1', NOW_MS))?.status).toBe('lost');
    await registry.writer.applyReports([load('s1', at(20), 'life-2')], []);
    expect((await registry.reader.agent('s1', NOW_MS + 20_000))?.status).toBe('alive');
    await registry.writer.applyDecisions([record('agent-draining', agentDecision('s1', 2, 'life-2'))]);
    expect((await registry.reader.agents({}, NOW_MS)).items[0]?.draining).toBe(true);
  });

  it('takes the newest report, in whatever order they come', async () => {
    await registry.writer.applyReports([load('s1', '2026-01-01T00:00:10.000Z', 'new')], []);
    await registry.writer.applyReports([load('s1', '2026-01-01T00:00:05.000Z', 'old')], []);
    expect((await registry.reader.agent('s1', NOW_MS))?.incarnation).toBe('new');
  });

  it('gives no row to a connection that only a report names', async () => {
    await registry.writer.applyReports(
      [],
      [{ connection_id: 'c9:a', last_heartbeat: 'x', health_score: 1, points: [] }],
    );
    expect(await registry.reader.connection('c9:a')).toBeUndefined();
  });

  it('tells readers that it is being rebuilt, and how far', async () => {
    const field = `${EVENTS}/0`;
    await registry.writer.positions.begin(field, EARLIEST, 10);
    await registry.writer.positions.move(field, EARLIEST, { offset: 4, writer_epoch: 1, writer_id: 'w' });
    const refused = await registry.reader.connections({}, {}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RegistryRebuilding);
    expect((refused as RegistryRebuilding).progress).toEqual({ partitions: 1, of: 1, done: 4, total: 10 });
    const at4 = { offset: 4, writer_epoch: 1, writer_id: 'w' };
    expect(await registry.writer.positions.move(field, at4, { ...at4, offset: 10 })).toBe('moved');
    expect((await registry.reader.connections({}, {})).items).toEqual([]);
  });

  it('gives no answer out of an emptied Redis, even before anybody noticed', async () => {
    await redisCommand(registry.url, 'FLUSHDB');
    await expect(registry.reader.connection('c1:a')).rejects.toThrow(RegistryRebuilding);
  });

  it('moves a position on from where its owner left it, never back', async () => {
    const field = `${EVENTS}/0`;
    const at = (offset: number) => ({ offset, writer_epoch: 1, writer_id: 'w:with:colons' });
    expect(await registry.writer.positions.move(field, EARLIEST, at(5))).toBe('moved');
    expect(await registry.writer.positions.read([field])).toEqual([at(5)]);
    expect(await registry.writer.positions.move(field, EARLIEST, at(3))).toBe('moved');
    expect(await registry.writer.positions.read([field])).toEqual([at(5)]);
    expect(await registry.writer.positions.move(field, at(8), at(9))).toBe('behind');
    await redisCommand(registry.url, 'FLUSHDB');
    expect(await registry.writer.positions.move(field, at(5), at(6))).toBe('missing');
  });

  it('goes on after its Lua scripts were flushed from Redis', async () => {
    await registry.writer.applyDecisions([decision('c1:a', 1)]);
    await redisCommand(registry.url, 'SCRIPT', 'FLUSH');
    expect(await registry.writer.applyDecisions([decision('c1:a', 2)])).toMatchObject({ applied: 1 });
    expect((await registry.reader.connection('c1:a'))?.version).toBe(2);
  });

  it('forgets a row with all that lists hold of it', async () => {
    await registry.writer.applyDecisions([decision('c1:a', 1), decision('c1:b', 1)]);
    expect(await registry.writer.audit.versions('connection', ['c1:a', 'c9:z'])).toEqual([1, 0]);
    await registry.writer.audit.forget('connection', ['c1:a']);
    expect((await registry.reader.connections({ status: 'active' }, {})).items).toHaveLength(1);
    expect(await registry.reader.connection('c1:a')).toBeUndefined();
    const listed: string[] = [];
    for await (const ids of registry.writer.audit.ids('connection')) listed.push(...ids);
    expect(listed).toEqual(['c1:b']);
  });
});
