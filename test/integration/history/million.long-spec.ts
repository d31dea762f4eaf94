import { BeforeRetention, REGISTRY_LIMITS } from '#libs/registry';
import { Random } from '../../simulation/random.ts';
import { decidedAt } from '../../support/history-run.ts';
import { redisCommand } from '../../support/redis.ts';
import { useRegistry } from '../../support/registry.ts';
import { NOW_MS } from '../../support/registry-records.ts';
import { RestApp } from '../../support/rest-app.ts';

const DECISIONS = 1_000_000;
const PORTION = 700;
const SAMPLES = 2_000;
/** What the product promises of one connection with that many decisions. */
const P99_MS = 200;
const ID = 'c1:a';
const STEP_MS = 37;

describe('a history of a million decisions', () => {
  const registry = useRegistry();
  const rest = new RestApp();
  beforeAll(() => rest.start());
  afterAll(() => rest.stop());

  const apply = (from: number, to: number) =>
    registry.writer.applyDecisions(
      Array.from({ length: to - from + 1 }, (_none, i) => {
        const version = from + i;
        const failed = version % 7 === 0;
        return decidedAt(ID, version, version * STEP_MS + (version % 11), {
          status: failed ? 'migrating' : 'active',
          phase: failed ? 'activating' : version % 3 ? 'active' : 'degraded',
          epoch: 1 + Math.floor(version / 7),
          server_id: `scheme-server-${Math.floor(version / 7) % 3}`,
        });
      }),
    );
  const fill = async (from: number, to: number) => {
    for (let at = from; at <= to; at += PORTION) await apply(at, Math.min(to, at + PORTION - 1));
  };
  const memory = async (key: string) =>
    Number(await redisCommand(registry.url, 'MEMORY', 'USAGE', key, 'SAMPLES', '0'));

  it('answers for any of its moments within what is promised, and stays within its bounds', async () => {
    const startedMs = performance.now();
    await fill(1, DECISIONS);
    const tookS = (performance.now() - startedMs) / 1_000;
    const reader = registry.reader;
    Object.assign(rest.registry, {
      connectionAt: (id: string, atMs: number) => reader.connectionAt(id, atMs),
    });
    const random = new Random(1);
    const samples: number[] = [];
    for (let n = 0; n < SAMPLES; n += 1) {
      const version = random.between(1, DECISIONS + 1);
      const at = new Date(NOW_MS + version * STEP_MS + (version % 11)).toISOString();
      const begunMs = performance.now();
      const answer = await rest.http().get(`/api/v1/connections/${ID}?at=${at}`);
      samples.push(performance.now() - begunMs);
      expect(answer.body.version).toBe(version);
    }
    samples.sort((a, b) => a - b);
    const quantile = (part: number) => Number(samples[Math.floor(SAMPLES * part)]?.toFixed(2));
    const blocks = await memory(`trunkline:connection-history:{${ID}}`);
    const index = await memory(`trunkline:connection-history-index:{${ID}}`);
    const figures = {
      'at= over HTTP, p50 ms': quantile(0.5),
      'p99 ms': quantile(0.99),
      'decisions applied a second': Math.round(DECISIONS / tookS),
      'bytes of Redis a sealed decision': Number(((blocks + index) / DECISIONS).toFixed(1)),
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    expect(quantile(0.99)).toBeLessThan(P99_MS);

    const kept = REGISTRY_LIMITS.historyBlock * REGISTRY_LIMITS.historyBlocks;
    await fill(DECISIONS + 1, kept + 3 * REGISTRY_LIMITS.historyBlock);
    expect(await redisCommand(registry.url, 'HLEN', `trunkline:connection-history:{${ID}}`)).toBe(
      REGISTRY_LIMITS.historyBlocks,
    );
    const oldest = 3 * REGISTRY_LIMITS.historyBlock + 1;
    const at = (version: number) => reader.connectionAt(ID, NOW_MS + version * STEP_MS + (version % 11));
    await expect(at(oldest - 1)).rejects.toThrow(BeforeRetention);
    expect((await at(oldest))?.version).toBe(oldest);
  }, 900_000);
});
