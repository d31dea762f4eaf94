import { KafkaLog } from '#libs/log';
import { describeRanges } from './range-behaviours.ts';

const brokers = (process.env.TRUNKLINE_KAFKA_BROKERS ?? '').split(',');

describe('single places of the log, on a real Kafka', () => {
  describeRanges(async () => ({
    connect: (client, observer) => new KafkaLog({ brokers, clientId: client, ...(observer && { observer }) }),
    close: async () => undefined,
  }));
});
