import type { ConsumerStartBatchProcessEvent } from 'kafkajs';
import { nothingGiven } from './given.ts';

function eventOf(batchSize: number, firstOffset: string | null, lastOffset: string) {
  const payload = { topic: 't', partition: 1, highWatermark: '9', batchSize, firstOffset, lastOffset };
  return { payload } as unknown as ConsumerStartBatchProcessEvent;
}

describe('what kafkajs fetched and hands out nothing of', () => {
  it("ends behind a transaction's end", () => {
    const given = nothingGiven(eventOf(0, '4', '4'));
    expect(given).toMatchObject({ fetchedOffset: 4, firstOffset: '4', nextOffset: 5, highWatermark: 9 });
  });

  it('goes one on where compaction left nothing at or behind the offset asked for', () => {
    expect(nothingGiven(eventOf(0, null, '6'))).toMatchObject({ fetchedOffset: 6, nextOffset: 7 });
  });

  it('is not told of a batch that is handed out', () => {
    expect(nothingGiven(eventOf(2, '4', '5'))).toBeUndefined();
  });
});
