import { TOPIC, topicName } from '#libs/contracts';
import type { OutgoingEvent } from '#libs/log';
import { RegistryRebuilding } from '#libs/registry';
import {
  agentDecision,
  claimEvent,
  decisionEvent,
  linkDecision,
  reservationDecision,
} from '../support/decisions.ts';
import { carriedHealth, healthReport } from '../support/health-reports.ts';
import { ownDatabase, PARTITIONS, Projection, redisContents } from '../support/projection.ts';
import { redisCommand } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

const WRITER = { writer_epoch: 1, writer_id: 'first' };

function report(topic: string, agent_id: string, sequence: number, ids: string[]): OutgoingEvent {
  const connections = ids.map((id) => carriedHealth(id));
  const data = healthReport({ agent_id, sequence, connections, capacity: 5 });
  const time = new Date(Date.parse('2026-01-01T00:00:00.000Z') + sequence).toISOString();
  return {
    topic,
    key: agent_id,
    id: `${agent_id}/${sequence}`,
    type: 'health-report',
    source: '/test',
    data,
    time,
  };
}

describe('the projector', () => {
  let url: string;
  let projection: Projection;

  beforeEach(async () => {
    url = await ownDatabase();
    projection = new Projection(url);
    await projection.prepare();
    const claims = Array.from({ length: PARTITIONS }, (_none, p) => claimEvent(projection.events, p, WRITER));
    await projection.log.publish(claims);
  });

  afterEach(() => projection.end(), 20_000);

  const decide = (id: string, from: number, to: number) =>
    projection.log.publish(
      Array.from({ length: to - from + 1 }, (_none, i) =>
        decisionEvent(projection.events, WRITER, linkDecision(id, from + i)),
      ),
    );
  const ids = ['c1:a', 'c2:a', 'c3:a', 'c4:a', 'c5:a', 'c6:a'];
  const decideAll = async (from: number, to: number) => {
    for (const id of ids) await decide(id, from, to);
  };
  const versions = async () =>
    (await projection.reader.connections({}, {})).items.map((item) => [item.connection_id, item.version]);
  const reached = (version: number) =>
    waitFor(async () => {
      const found = await versions();
      return found.length === ids.length && found.every(([, each]) => each === version);
    });

  it('folds the decisions of every region, and none of a writer that lost its partition', async () => {
    const west = topicName(projection.regions[1], TOPIC.controllerEvents);
    const writer = { writer_epoch: 7, writer_id: 'w' };
    const partition = projection.log.partitionOf('w1:a', PARTITIONS);
    const stale = { writer_epoch: 6, writer_id: 'stale' };
    await projection.log.publish([
      claimEvent(west, partition, writer),
      decisionEvent(west, writer, linkDecision('w1:a', 1, { home_region: 'west' })),
      decisionEvent(west, stale, linkDecision('w1:a', 2, { status: 'failed' })),
    ]);
    await decide('c1:a', 1, 3);
    projection.start();
    await projection.settled();
    expect(await waitFor(async () => (await versions()).length === 2 && versions())).toEqual([
      ['c1:a', 3],
      ['w1:a', 1],
    ]);
    const { items } = (await projection.reader.connectionEvents('w1:a', {})) ?? { items: [] };
    expect(items).toMatchObject([{ event_id: 'w1:a/1', partition, offset: 1, type: 'connection-activated' }]);
  });

  it('passes by what a peer holds ready under a connection’s id, and is as far as the log all the same', async () => {
    const west = topicName(projection.regions[1], TOPIC.controllerEvents);
    const writer = { writer_epoch: 7, writer_id: 'w' };
    const partition = projection.log.partitionOf('c1:a', PARTITIONS);
    const held = (version: number) => {
      const data = reservationDecision('c1:a', version);
      return decisionEvent(west, writer, data, 'server-reserved');
    };
    await decide('c1:a', 1, 3);
    await projection.log.publish([claimEvent(west, partition, writer), held(1), held(2), held(3), held(4)]);
    projection.start({ sweepMs: 50 });
    await projection.settled();
    expect(await waitFor(async () => (await versions()).length === 1 && versions())).toEqual([['c1:a', 3]]);
    expect((await projection.reader.connectionEvents('c1:a', {}))?.items).toHaveLength(3);
    const swept = projection.swept;
    await waitFor(() => projection.swept > swept + 1, { what: 'a sweep' });
    expect([projection.wrong, projection.failures, projection.rebuilds]).toEqual([0, [], expect.any(Array)]);
    const positions = `trunkline:positions:2:{${projection.regions[0]}}`;
    expect(await redisCommand(url, 'HGET', positions, `${west}/${partition}`)).toBe('5:7:w');
  });

  it('writes nothing for what it reads again', async () => {
    await decideAll(1, 20);
    const first = projection.start();
    await projection.settled();
    await reached(20);
    await projection.stop(first);
    const before = await redisContents(url);
    const positions = `trunkline:positions:2:{${projection.regions[0]}}`;
    // As if it had been killed before it wrote how far it was.
    for (let p = 0; p < PARTITIONS; p += 1) {
      await redisCommand(url, 'HSET', positions, `${projection.events}/${p}`, '1:1:first');
    }
    projection.start();
    await projection.settled();
    await waitFor(async () => JSON.stringify(await redisContents(url)) === JSON.stringify(before));
  });

  it('brings everything back after a FLUSHALL, and says so meanwhile', async () => {
    await projection.log.publish([
      report(projection.reports, 'c1', 1, ['c1:a']),
      report(projection.reports, 'c2', 1, []),
    ]);
    await decideAll(1, 20);
    await projection.log.publish([
      decisionEvent(projection.events, WRITER, agentDecision('c2', 1, 'life-1')),
    ]);
    projection.start();
    await projection.settled();
    await reached(20);
    await waitFor(async () => (await projection.reader.connection('c1:a'))?.health_score !== undefined);
    await waitFor(async () => (await projection.reader.agent('c2', 0))?.status === 'lost');
    await waitFor(async () => (await projection.reader.agent('c2', 0))?.last_heartbeat !== undefined);
    const before = await redisContents(url);
    await redisCommand(url, 'FLUSHDB');
    await expect(projection.reader.connections({}, {})).rejects.toThrow(RegistryRebuilding);
    await waitFor(async () => (await projection.reader.missing()) === undefined);
    await waitFor(async () => {
      expect(await redisContents(url)).toEqual(before);
      return true;
    });
    expect(projection.rebuilds).toContain('position-missing');
  });

  it('keeps the health of connections over time, and brings it back after a FLUSHALL', async () => {
    // Ends by Redis' own clock, so it is of now. A minute begins with the first report.
    const minute = Math.floor(Date.now() / 60_000) - 10;
    const score = [100, 100, 40, 40, 100, 100];
    const told = Array.from({ length: 120 }, (_none, i) => ({
      time: new Date(minute * 60_000 + i * 5_000).toISOString(),
      health_score: score[i % 6],
      round_trip_ms: i % 50,
    }));
    const reports = told.map(({ time, health_score, round_trip_ms: rtt_ms }, i) => {
      const unanswered_ratio = health_score === 40 ? 1 : 0;
      const connections = [carriedHealth('c1:a', { unanswered_ratio, rtt_ms })];
      const data = healthReport({ agent_id: 'c1', sequence: i + 1, connections });
      const event = { key: 'c1', id: `c1/${i}`, type: 'health-report', source: '/test', data, time };
      return { topic: projection.reports, ...event };
    });
    const isKept = (_one: unknown, i: number) => i % 12 === 0 || i % 6 === 2 || i % 6 === 4;
    const expected = told.filter(isKept);
    const half = told.slice(0, 50).filter(isKept);
    await decide('c1:a', 1, 1);
    const first = projection.start();
    await projection.settled();
    const read = async () => {
      const found = await projection.reader.connectionHealth('c1:a', 0, Date.now());
      expect(found?.slice(0, expected.length)).toEqual(expected.slice(0, found?.length));
      return found?.length;
    };
    await projection.log.publish(reports.slice(0, 50));
    await waitFor(async () => (await read()) === half.length);
    await projection.stop(first);
    await projection.log.publish(reports.slice(50));
    projection.start();
    await waitFor(async () => (await read()) === expected.length);
    await redisCommand(url, 'FLUSHDB');
    await waitFor(async () => (await projection.reader.missing()) === undefined);
    await waitFor(async () => (await read()) === expected.length);
  });

  it('notices a Redis that came back with older data', async () => {
    await decideAll(1, 5);
    projection.start();
    await projection.settled();
    await reached(5);
    const [database, older] = [url.split('/').pop() ?? '', (await ownDatabase()).split('/').pop() ?? ''];
    for (const key of (await redisCommand(url, 'KEYS', '*')) as string[]) {
      await redisCommand(url, 'COPY', key, key, 'DB', older);
    }
    await decideAll(6, 9);
    await reached(9);
    await redisCommand(url, 'SWAPDB', database, older);
    await waitFor(() => projection.rebuilds.includes('position-behind'));
    await reached(9);
  });

  it('shares the partitions among the processes of a region', async () => {
    const first = projection.start();
    const second = projection.start();
    await waitFor(
      () => {
        const counts = [first, second].map((part) => Number(part.state().partitions));
        return counts.every((count) => count > 0) && counts.reduce((a, b) => a + b) === PARTITIONS;
      },
      { what: 'both to have some' },
    );
    await projection.settled();
    await decideAll(1, 10);
    await reached(10);
    await projection.stop(first);
    await decideAll(11, 20);
    await waitFor(() => second.state().partitions === PARTITIONS);
    await projection.settled();
    await reached(20);
  });

  it('mends by its sweep what contradicts the log', async () => {
    await decideAll(1, 4);
    projection.start({ sweepMs: 300 });
    await projection.settled();
    await reached(4);
    const swept = projection.swept;
    await waitFor(() => projection.swept > swept + 1);
    expect(projection.wrong).toBe(0);
    const before = await redisContents(url);
    await redisCommand(url, 'DEL', 'connections:{c1:a}', 'trunkline:connection-events:{c1:a}');
    await redisCommand(url, 'HSET', 'connections:{c2:a}', 'version', '99', 'status', 'failed');
    await redisCommand(url, 'HSET', 'connections:{c9:nowhere}', 'version', '3', 'status', 'active');
    await redisCommand(url, 'ZADD', 'trunkline:{connections}:2:all', '0', 'c9:nowhere');
    await redisCommand(url, 'HDEL', 'trunkline:{connections}:2:rows', 'c3:a');
    await waitFor(async () => {
      expect(await redisContents(url)).toEqual(before);
      return true;
    });
    expect(projection.rebuilds).toContain('sweep');
  });

  it('is not ready, and says why, when the log has a gap', async () => {
    await decide('c1:a', 1, 2);
    await decide('c1:a', 4, 4);
    const part = projection.start();
    await waitFor(() => projection.failures.length > 0);
    expect(part.state()).toMatchObject({ ready: false });
    expect(part.state().trouble).toContain('c1:a has no version 3');
  });

  it('does not skip truth that it can not read', async () => {
    await decide('c1:a', 1, 1);
    const partition = projection.log.partitionOf('c1:a', PARTITIONS);
    await projection.log.publishRaw([
      {
        topic: projection.events,
        partition,
        key: 'c1:a',
        value: '{"version":',
        headers: { writer_epoch: '1', writer_id: 'first' },
      },
    ]);
    await decide('c1:a', 2, 2);
    const part = projection.start();
    await waitFor(() => projection.failures.length > 0);
    expect(part.state()).toMatchObject({ ready: false });
    expect(await redisCommand(url, 'HGET', 'connections:{c1:a}', 'version')).not.toBe('2');
  });

  it('passes over reports that are poison', async () => {
    const poison = { topic: projection.reports, partition: 0, headers: {}, key: 'x' };
    await projection.log.publishRaw([
      { ...poison, value: '{' },
      { ...poison, value: null },
    ]);
    await projection.log.publish([{ ...report(projection.reports, 'c1', 1, []), partition: 0 }]);
    projection.start();
    await projection.settled();
    expect(await waitFor(() => projection.reader.agent('c1', 0))).toMatchObject({ capacity: 5 });
  });
});
