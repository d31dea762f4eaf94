import { KafkaLog } from '#libs/log';
import { describeLog } from './behaviours.ts';

const brokers = (process.env.TRUNKLINE_KAFKA_BROKERS ?? '').split(',');

describe('the log on a real Kafka', () => {
  describeLog(async () => ({
    connect: (client, observer) => new KafkaLog({ brokers, clientId: client, ...(observer && { observer }) }),
    close: async () => undefined,
  }));
});
