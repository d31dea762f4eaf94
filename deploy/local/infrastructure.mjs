import { join } from 'node:path';
import { StackError } from './errors.mjs';
import { kafkaAnswers, kafkaComplaint, kafkaProgram, prepareKafka } from './kafka.mjs';
import { isAlive, launch, logFile, readRecord } from './processes.mjs';
import { embeddedRedis, redisAnswers, redisOnPath, redisProgram } from './redis.mjs';
import { poll } from './wait.mjs';

const KAFKA_READY_MS = 60_000;
const REDIS_READY_MS = 20_000;
const LOOPBACK = '127.0.0.1';

/** @typedef {import('./paths.mjs').Layout} Layout */

/**
 * Starts a real Kafka of one node and waits until it answers.
 * @param {Layout} layout
 * @param {{java: string, jars: string, port: number, controllerPort: number}} options
 */
export async function startKafka(layout, options) {
  const kafka = { ...options, dir: join(layout.data, 'kafka') };
  await prepareKafka(kafka);
  launch(layout, kafkaProgram(kafka));
  const up = await untilUp(layout, 'kafka', () => kafkaAnswers(LOOPBACK, options.port), KAFKA_READY_MS);
  if (up) return;
  throw new StackError(
    `Kafka did not come up (${kafkaComplaint(logFile(layout, 'kafka'))}): see ${logFile(layout, 'kafka')}, or begin empty with npm start -- --fresh`,
  );
}

/**
 * Starts a real Redis, the one of PATH or the one in the jars, and waits until it answers.
 * @param {Layout} layout
 * @param {{jars: string | undefined, port: number, maxDatabases?: number}} options
 */
export async function startRedis(layout, { jars, port, maxDatabases }) {
  const server = redisOnPath() ?? (jars && embeddedRedis(jars));
  if (!server) throw new StackError('there is no redis-server: install one, or let Maven fetch the jars');
  const dir = join(layout.data, 'redis');
  launch(layout, redisProgram({ server, port, dir, ...(maxDatabases && { maxDatabases }) }));
  if (await untilUp(layout, 'redis', () => redisAnswers(LOOPBACK, port), REDIS_READY_MS)) return;
  throw new StackError(
    `Redis did not come up: see ${logFile(layout, 'redis')}, or begin empty with npm start -- --fresh`,
  );
}

/**
 * False at once when the process has ended, so that nobody waits for a dead one.
 * @param {Layout} layout
 * @param {string} name
 * @param {() => Promise<boolean>} answers
 * @param {number} withinMs
 */
export async function untilUp(layout, name, answers, withinMs) {
  const seen = await poll(
    async () => {
      if (!isAlive(readRecord(layout, name))) return 'ended';
      return (await answers()) ? 'up' : undefined;
    },
    { withinMs },
  );
  return seen === 'up';
}
