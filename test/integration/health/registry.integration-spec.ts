import { redisCommand } from '../../support/redis.ts';
import { useRegistry, useRegistryCluster } from '../../support/registry.ts';
import { decision } from '../../support/registry-records.ts';
import { healthBehaviours } from './behaviours.ts';

describe('the health of connections over time, in one Redis', () => {
  const registry = useRegistry();
  healthBehaviours(registry);

  it('stands in one small key beside the row, which ends by itself', async () => {
    await registry.writer.applyDecisions([decision('c1:a', 1)]);
    const nowMs = Date.now();
    const points = Array.from({ length: 60 }, (_none, i) => ({
      atMs: nowMs - (60 - i) * 60_000,
      health_score: 98.5,
      round_trip_ms: 123.4,
    }));
    const last_heartbeat = new Date(nowMs).toISOString();
    await registry.writer.applyReports(
      [],
      [{ connection_id: 'c1:a', last_heartbeat, health_score: 98.5, points }],
    );
    const key = 'trunkline:connection-health:{c1:a}';
    expect(await redisCommand(registry.url, 'LLEN', key)).toBe(60);
    expect(Number(await redisCommand(registry.url, 'MEMORY', 'USAGE', key))).toBeLessThan(2_500);
    const lifeMs = Number(await redisCommand(registry.url, 'PTTL', key));
    expect(lifeMs).toBeGreaterThan(3_400_000);
    expect(lifeMs).toBeLessThanOrEqual(3_600_000 - 60_000 + 1_000);
  });
});

describe('the health of connections over time, in a Redis Cluster', () => {
  healthBehaviours(useRegistryCluster());
});
