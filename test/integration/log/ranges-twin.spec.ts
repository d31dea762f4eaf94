import { MemoryBroker } from '#libs/log';
import { describeRanges } from './range-behaviours.ts';

describe('single places of the log, on its in-memory twin', () => {
  describeRanges(async () => {
    const broker = new MemoryBroker({ fetchRecords: 7 });
    return { connect: (client, observer) => broker.log(client, observer), close: async () => undefined };
  });
});
