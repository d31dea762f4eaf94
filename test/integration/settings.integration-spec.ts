import { type LinkDecision, regionKey } from '#libs/contracts';
import { RegistryRebuilding } from '#libs/registry';
import { claimEvent, decisionEvent, linkDecision, regionDecision } from '../support/decisions.ts';
import { ownDatabase, PARTITIONS, Projection, redisContents } from '../support/projection.ts';
import { redisCommand } from '../support/redis.ts';
import { useRegistry } from '../support/registry.ts';
import { decision, record } from '../support/registry-records.ts';
import { waitFor } from '../support/wait-for.ts';

const WRITER = { writer_epoch: 1, writer_id: 'first' };
const LEDGER = {
  failover_id: 'c1:a~3',
  from: 's1',
  reason: 'server-lost',
  detected_at: '2026-01-01T00:00:00.000Z',
} as const;
const HELD = {
  reason: 'blast-radius',
  what: 'failover',
  cause: 'scheme/servers-lost',
  values: { moved: 3 },
} as const;
const policy = (version: number, policy_name: string, more: object = {}) => ({
  policy_name,
  setting_version: version,
  settings: { damping_max_moves: version },
  ...more,
});

describe('what operators set, in the registry in Redis', () => {
  const registry = useRegistry();
  const set = (version: number, name: string, data: object, region = registry.region) =>
    record(name, regionDecision(region, version, data));

  it('shows each policy as it was set last, by name, and those of its own region only', async () => {
    await registry.writer.applyDecisions([
      set(1, 'policy-changed', policy(1, 'night')),
      set(2, 'policy-changed', policy(1, 'day', { server_group: 'scheme', note: 'calm' })),
      set(3, 'policy-changed', policy(2, 'night')),
      set(1, 'policy-changed', policy(9, 'other'), 'elsewhere'),
    ]);
    const by = { control_region: registry.region, requested_by: 'operator' };
    const night = { ...by, name: 'night', version: 2, settings: { damping_max_moves: 2 } };
    expect(await registry.reader.policies()).toEqual([
      {
        ...by,
        name: 'day',
        version: 1,
        server_group: 'scheme',
        settings: { damping_max_moves: 1 },
        reason: 'calm',
        updated_at: '2026-01-01T00:00:02.000Z',
      },
      { ...night, updated_at: '2026-01-01T00:00:03.000Z' },
    ]);
    expect(await registry.reader.policy('night')).toMatchObject(night);
    expect(await registry.reader.policy('other')).toBeUndefined();
  });

  it('shows the freeze that was asked for last', async () => {
    expect(await registry.reader.freeze()).toBeUndefined();
    await registry.writer.applyDecisions([
      set(1, 'freeze-changed', { until: '2026-01-01T06:00:00.000Z', note: 'night' }),
      set(2, 'failovers-approved', { until: '2026-01-01T07:00:00.000Z', cause: 'scheme/servers-lost' }),
    ]);
    const night = { until: '2026-01-01T06:00:00.000Z', reason: 'night' };
    expect(await registry.reader.freeze()).toMatchObject(night);
    expect(await registry.reader.freeze(registry.region)).toMatchObject(night);
    expect(await registry.reader.freeze('elsewhere')).toBeUndefined();
  });

  it('applies each version once, names a gap, and forgets what the log never held', async () => {
    const all = [1, 2, 3].map((version) => set(version, 'policy-changed', policy(version, 'night')));
    expect(await registry.writer.applyDecisions(all.slice(0, 2))).toMatchObject({ applied: 2, skipped: 0 });
    expect(await registry.writer.applyDecisions(all)).toMatchObject({ applied: 1, skipped: 2 });
    const before = await redisContents(registry.url);
    expect(await registry.writer.applyDecisions(all)).toMatchObject({ applied: 0, skipped: 3 });
    expect(await redisContents(registry.url)).toEqual(before);
    const key = regionKey(registry.region);
    expect(
      await registry.writer.applyDecisions([set(5, 'policy-changed', policy(5, 'night'))]),
    ).toMatchObject({
      gaps: [{ key, have: 3, next: 5 }],
    });
    expect(await registry.writer.audit.versions('region', [key])).toEqual([3]);
    await registry.writer.audit.forget('region', [key]);
    expect(await registry.reader.policies()).toEqual([]);
    const listed: string[] = [];
    for await (const ids of registry.writer.audit.ids('region')) listed.push(...ids);
    expect(listed).toEqual([]);
  });

  it('shows a link that is held back as failed and suppressed, and its failover with what holds it', async () => {
    const { server_id, ...held } = linkDecision('c1:a', 2, { status: 'failed', phase: 'suppressed' });
    expect(server_id).toBe('server-1');
    const data = { ...held, failover: LEDGER, suppressed: HELD } as LinkDecision;
    await registry.writer.applyDecisions([decision('c1:a', 1), record('failover-suppressed', data)]);
    expect(await registry.reader.connection('c1:a')).toMatchObject({ status: 'failed', phase: 'suppressed' });
    expect((await registry.reader.connections({ status: 'failed' }, {})).items).toHaveLength(1);
    const shown = { connection_id: 'c1:a', ...LEDGER, suppressed: HELD };
    expect(await registry.reader.failover('c1:a~3')).toEqual(shown);
    expect((await registry.reader.failovers({})).items).toEqual([shown]);
    const freed = { ...LEDGER, to: 's2', decided_at: '2026-01-01T00:01:00.000Z' };
    await registry.writer.applyDecisions([decision('c1:a', 3, { phase: 'activating', failover: freed })]);
    expect(await registry.reader.failover('c1:a~3')).toEqual({ connection_id: 'c1:a', ...freed });
  });
});

describe('the projector of what operators set', () => {
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

  const decided = async () => {
    const [region] = projection.regions;
    const held = linkDecision('c1:a', 1, {
      status: 'failed',
      phase: 'suppressed',
      failover: LEDGER,
      suppressed: HELD,
    });
    await projection.log.publish([
      decisionEvent(
        projection.events,
        WRITER,
        regionDecision(region, 1, policy(1, 'night')),
        'policy-changed',
      ),
      decisionEvent(projection.events, WRITER, regionDecision(region, 2), 'freeze-changed'),
      decisionEvent(
        projection.events,
        WRITER,
        regionDecision(region, 3, policy(2, 'night')),
        'policy-changed',
      ),
      decisionEvent(projection.events, WRITER, held, 'failover-suppressed'),
    ]);
    return regionKey(region);
  };
  const whole = () =>
    waitFor(async () => {
      const night = await projection.reader.policy('night').catch((error: unknown) => {
        if (error instanceof RegistryRebuilding) return undefined;
        throw error;
      });
      return night?.version === 2 && (await projection.reader.connection('c1:a')) !== undefined;
    });

  it('brings it back after a FLUSHALL, and mends by its sweep what contradicts the log', async () => {
    const key = await decided();
    projection.start({ sweepMs: 300 });
    await projection.settled();
    await whole();
    expect(await projection.reader.freeze()).toMatchObject({ until: '2026-01-01T06:00:00.000Z' });
    expect((await projection.reader.failovers({})).items).toMatchObject([{ suppressed: HELD }]);
    const before = await redisContents(url);
    await redisCommand(url, 'FLUSHDB');
    await whole();
    await waitFor(async () => JSON.stringify(await redisContents(url)) === JSON.stringify(before));
    await redisCommand(url, 'HSET', `trunkline:settings:{${key}}`, 'version', '99', 'policy:none', '{}');
    await redisCommand(url, 'HSET', 'trunkline:settings:{region/nowhere}', 'version', '3');
    await redisCommand(url, 'ZADD', 'trunkline:{regions}:all', '0', 'region/nowhere');
    await waitFor(async () => JSON.stringify(await redisContents(url)) === JSON.stringify(before), {});
    expect(projection.failures).toEqual([]);
    expect(projection.rebuilds).toContain('sweep');
  });
});
