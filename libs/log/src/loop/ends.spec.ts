import type { Log, PartitionOffsets } from '../port.ts';
import { Ends } from './ends.ts';

function logWith(answers: ((ends: PartitionOffsets[]) => void)[]): Log {
  const endOffsets = () => new Promise<PartitionOffsets[]>((resolve) => answers.push(resolve));
  return { endOffsets } as unknown as Log;
}

describe('the ends of partitions', () => {
  it('asks once for all who ask before the request leaves, and anew for whoever comes later', async () => {
    const answers: ((ends: PartitionOffsets[]) => void)[] = [];
    const ends = new Ends(logWith(answers));
    const first = [ends.of('t', 0), ends.of('t', 0)];
    await Promise.resolve();
    await Promise.resolve();
    const later = ends.of('t', 0);
    expect(answers).toHaveLength(1);
    answers[0]?.([{ partition: 0, low: 0, high: 1 }]);
    expect((await Promise.all(first)).map(({ high }) => high)).toEqual([1, 1]);
    await new Promise((resolve) => setImmediate(resolve));
    answers[1]?.([{ partition: 0, low: 0, high: 2 }]);
    expect((await later).high).toBe(2);
    expect(answers).toHaveLength(2);
  });
});
