import { MemoryBroker } from '#libs/log';
import { describeLog } from './behaviours.ts';

describe('the log on its in-memory twin', () => {
  describeLog(async () => {
    const broker = new MemoryBroker();
    return { connect: (client, observer) => broker.log(client, observer), close: async () => undefined };
  });
});
