import { ArrayNotEmpty, ArrayUnique, Matches } from 'class-validator';
import { FromEnv } from '#libs/platform';

export const BROKER_PATTERN = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;
export const REGION_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** What the command line takes from the environment; a flag goes before it. */
export class CliConfig {
  @FromEnv('TRUNKLINE_KAFKA_BROKERS', 'list', 'Kafka bootstrap servers, host:port')
  @ArrayNotEmpty()
  @Matches(BROKER_PATTERN, { each: true })
  kafkaBrokers: string[] = ['127.0.0.1:9092'];

  @FromEnv('TRUNKLINE_REGIONS', 'list', 'Every control region whose topics are read')
  @ArrayNotEmpty()
  @ArrayUnique()
  @Matches(REGION_PATTERN, { each: true })
  regions: string[] = ['east', 'west'];
}
