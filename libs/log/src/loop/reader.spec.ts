import type { Log, TailSubscription } from '../port.ts';
import { PartitionReader, ReadingCancelled } from './reader.ts';

describe('the reader of partitions', () => {
  it('refuses a second reading of a partition rather than forget the first', async () => {
    let give: TailSubscription['onBatch'] | undefined;
    const log = {
      tail: async ({ onBatch }: TailSubscription) => {
        give = onBatch;
        return { seek: () => undefined, pause: () => undefined };
      },
    } as unknown as Log;
    const reader = await PartitionReader.open(log, ['log']);
    const first = reader.read('log', 0, { from: 0, until: 2 }, () => undefined);
    await expect(reader.read('log', 0, { from: 0, until: 1 }, () => undefined)).rejects.toThrow('already');
    const batch = { topic: 'log', partition: 0, records: [], fetchedOffset: 0, nextOffset: 2 };
    await give?.({ ...batch, highWatermark: 2, heartbeat: async () => undefined });
    await expect(first).resolves.toBeUndefined();
    const next = reader.read('log', 0, { from: 2, until: 3 }, () => undefined);
    reader.cancel('log', 0);
    await expect(next).rejects.toBeInstanceOf(ReadingCancelled);
  });
});
