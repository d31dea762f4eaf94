import { BeforeRetention, RegistryUnavailable } from '#libs/registry';
import { decidedAt, RUN_IDS, randomRun } from '../../support/history-run.ts';
import { redisContents } from '../../support/projection.ts';
import { redisCommand } from '../../support/redis.ts';
import { useRegistry } from '../../support/registry.ts';
import { NOW_MS } from '../../support/registry-records.ts';
import { historyBehaviours } from './behaviours.ts';

const BLOCKS = 'trunkline:connection-history:{c1:a}';
const INDEX = 'trunkline:connection-history-index:{c1:a}';
const EVENTS = 'trunkline:connection-events:{c1:a}';

describe('histories in one Redis', () => {
  const registry = useRegistry();
  historyBehaviours(registry);

  const fill = (from: number, to: number) =>
    registry.writer.applyDecisions(
      Array.from({ length: to - from + 1 }, (_none, i) => decidedAt('c1:a', from + i, (from + i) * 1_000)),
    );
  const at = (version: number) => registry.reader.connectionAt('c1:a', NOW_MS + version * 1_000);

  it('are the same bytes, however the decisions were portioned', async () => {
    const run = randomRun(5, 1_200);
    await registry.writer.applyDecisions(run);
    const before = await redisContents(registry.url);
    expect(Object.keys(before)).toContain(`trunkline:connection-history:{${RUN_IDS[0]}}`);
    await redisCommand(registry.url, 'FLUSHDB');
    for (const each of run) await registry.writer.applyDecisions([each]);
    const kept = Object.entries(before).filter(([key]) => !key.startsWith('trunkline:positions:'));
    expect(await redisContents(registry.url)).toEqual(Object.fromEntries(kept));
  });

  it('lose nothing of what was not sealed when the projector was stopped between the two steps', async () => {
    await fill(1, 300);
    const whole = await redisContents(registry.url);
    // As if it had been stopped after the rows and before the seal.
    await redisCommand(registry.url, 'DEL', BLOCKS, INDEX);
    expect((await at(200))?.version).toBe(200);
    await fill(1, 300);
    expect(await redisContents(registry.url)).toEqual(whole);
  });

  it('catch up on several blocks at once, as long as the events have them', async () => {
    await fill(1, 800);
    const whole = await redisContents(registry.url);
    await redisCommand(registry.url, 'DEL', BLOCKS, INDEX);
    await fill(760, 800);
    expect(await redisContents(registry.url)).toEqual(whole);
  });

  it('give no answer where something is missing, rather than a wrong one', async () => {
    await fill(1, 1_600);
    const first = (version: number) => String(version).padStart(12, '0');
    await redisCommand(registry.url, 'HDEL', BLOCKS, first(257));
    expect((await at(256))?.version).toBe(256);
    await expect(at(257)).rejects.toThrow(RegistryUnavailable);
    await expect(registry.reader.historyOf('c1:a', { fromVersion: 500 })).rejects.toThrow(
      RegistryUnavailable,
    );
    await redisCommand(registry.url, 'ZREMRANGEBYRANK', INDEX, '2', '2');
    await expect(at(600)).rejects.toThrow(RegistryUnavailable);
    await redisCommand(registry.url, 'LTRIM', EVENTS, '-10', '-1');
    await expect(at(1_600)).rejects.toThrow(RegistryUnavailable);
    expect((await at(1_536 - 1))?.version).toBe(1_535);
  });

  it('refuse a moment before what is kept, and name the first one that is', async () => {
    await fill(1, 1_000);
    await redisCommand(registry.url, 'HDEL', BLOCKS, '000000000001');
    await redisCommand(registry.url, 'ZREMRANGEBYRANK', INDEX, '0', '0');
    const refused = await at(256).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BeforeRetention);
    expect((refused as BeforeRetention).earliestMs).toBe(NOW_MS + 257_000);
    await expect(registry.reader.connectionsAt({}, {}, NOW_MS + 256_000)).rejects.toThrow(BeforeRetention);
    expect((await at(257))?.version).toBe(257);
    expect((await registry.reader.historyOf('c1:a', { limit: 300 }))?.map((each) => each.version)).toEqual(
      Array.from({ length: 44 }, (_none, i) => 257 + i),
    );
  });

  it('are forgotten with their row', async () => {
    await fill(1, 600);
    await registry.writer.audit.forget('connection', ['c1:a']);
    expect(await redisCommand(registry.url, 'EXISTS', BLOCKS, INDEX, EVENTS)).toBe(0);
    await fill(1, 3);
    expect((await at(1_000))?.version).toBe(3);
  });

  it('begin again with their row when only that was lost', async () => {
    await fill(1, 20);
    await redisCommand(registry.url, 'DEL', 'connections:{c1:a}');
    await fill(1, 20);
    expect(await redisCommand(registry.url, 'LLEN', EVENTS)).toBe(20);
    expect((await at(7))?.version).toBe(7);
  });
});
