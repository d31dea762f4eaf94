import { RegistryUnavailable } from '#libs/registry';
import { Random } from '../../simulation/random.ts';
import { randomRun } from '../../support/history-run.ts';
import { redisContents } from '../../support/projection.ts';
import { redisCommand } from '../../support/redis.ts';
import { EARLIEST, EVENTS, useRegistry } from '../../support/registry.ts';
import { waitFor } from '../../support/wait-for.ts';

const INTERRUPTIONS = 20;

describe('a history whose writer is cut off again and again', () => {
  const registry = useRegistry();

  /** Ends every connection that is open to the database of this test, as if its processes had been killed. */
  async function cut(): Promise<void> {
    const database = new URL(registry.url).pathname.slice(1);
    const clients = String(await redisCommand(registry.url, 'CLIENT', 'LIST')).split('\n');
    const ours = clients.filter((line) => line.includes(` db=${database} `) && !line.includes('client|list'));
    for (const line of ours) {
      const id = /\bid=(\d+)/.exec(line)?.[1] ?? '';
      await redisCommand(registry.url, 'CLIENT', 'KILL', 'ID', id);
    }
  }

  const connected = () =>
    waitFor(
      () =>
        registry.writer.ping().then(
          () => true,
          () => false,
        ),
      { what: 'a connection' },
    );

  it('is what it would have been, at whatever step that was', async () => {
    const random = new Random(77);
    const run = randomRun(78, 1_500);
    await registry.writer.applyDecisions(run);
    const expected = await redisContents(registry.url);
    let interrupted = 0;
    for (let round = 0; interrupted < INTERRUPTIONS && round < 10; round += 1) {
      await redisCommand(registry.url, 'FLUSHDB');
      for (let from = 0; from < run.length; ) {
        const portion = run.slice(from, from + random.between(1, 120));
        const applied = registry.writer.applyDecisions(portion).then(
          () => true,
          (error: unknown) => {
            if (!(error instanceof RegistryUnavailable)) throw error;
            return false;
          },
        );
        if (random.chance(0.3)) {
          for (let pause = random.between(0, 8); pause > 0; pause -= 1) await new Promise(setImmediate);
          await cut();
        }
        if (await applied) {
          from += portion.length;
          continue;
        }
        // What came through is there, and is given again.
        interrupted += 1;
        await connected();
      }
      await connected();
      await registry.writer.positions.begin(`${EVENTS}/0`, EARLIEST, 0);
      expect(await redisContents(registry.url)).toEqual(expected);
    }
    expect(interrupted).toBeGreaterThanOrEqual(INTERRUPTIONS);
  });
});
