import { MemoryBroker } from '#libs/log';
import { waitFor } from '../../support/wait-for.ts';
import { ledger, ledgerFact } from './ledger.ts';
import { PARTITIONS, World } from './processes.ts';

describe('time inputs', () => {
  it('that fail take no other deadline away, and come again', async () => {
    const broker = new MemoryBroker();
    const connect = broker.log.bind(broker);
    const world = await World.open({ connect, close: async () => undefined });
    try {
      const { decide } = ledger(world.region);
      let failures = 0;
      const { loop } = await world.startLoop({
        definition: {
          decide: (key, state, input, view) => {
            if (input.kind === 'time' && key === 'a' && failures < 2) {
              failures += 1;
              throw new Error('no decision');
            }
            return decide(key, state, input, view);
          },
        },
      });
      // The same partition for all: they fall due together.
      const dueMs = Date.now() + 300;
      const partition = world.log.partitionOf('a', PARTITIONS);
      const others = Array.from({ length: 50 }, (_, n) => `k${n}`)
        .filter((key) => world.log.partitionOf(key, PARTITIONS) === partition)
        .slice(0, 3);
      await world.log.publish(
        ['a', ...others].map((key) => ledgerFact(world.region, key, { amount: 1, due_ms: dueMs })),
      );
      await waitFor(() => others.every((key) => loop.state(key)?.version === 2));
      await waitFor(() => loop.state('a')?.version === 2);
      expect(failures).toBe(2);
    } finally {
      await world.close();
    }
  });
});
