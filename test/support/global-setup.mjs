import { startServers } from './servers.mjs';

/** One Kafka and one Redis for all tests of a run, unless the environment names running ones. */
export default async function setup() {
  const { TRUNKLINE_KAFKA_BROKERS, TRUNKLINE_REDIS_URL } = process.env;
  const servers = await startServers({ kafka: !TRUNKLINE_KAFKA_BROKERS, redis: !TRUNKLINE_REDIS_URL });
  process.env.TRUNKLINE_KAFKA_BROKERS ||= servers.kafkaBrokers;
  process.env.TRUNKLINE_REDIS_URL ||= servers.redisUrl;
  Object.assign(globalThis, { trunklineServers: servers });
}
