import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { StackError } from './errors.mjs';
import { run } from './run.mjs';

/** The least heap that stands the local stack's load, and the flags that make a start quick. */
const JVM = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];
const API_VERSIONS_KEY = 18;

/**
 * @typedef {{java: string, jars: string, port: number, controllerPort: number, dir: string}} KafkaOptions
 */

/**
 * Makes a folder that one KRaft node can start on; a formatted one stays as it is.
 * @param {KafkaOptions} options
 */
export async function prepareKafka(options) {
  const { java, jars, dir } = options;
  mkdirSync(dir, { recursive: true });
  const properties = join(dir, 'server.properties');
  writeFileSync(properties, propertiesOf(options));
  if (existsSync(join(dir, 'logs/meta.properties'))) return;
  const tool = ['-XX:TieredStopAtLevel=1', '-cp', join(jars, '*'), 'kafka.tools.StorageTool'];
  const id = clusterId();
  const done = await run(java, [...tool, 'format', '--ignore-formatted', '-t', id, '-c', properties]);
  if (done.code === 0) return;
  throw new StackError(
    `Kafka's folder ${dir} could not be formatted (${lastLine(done.output)}): begin empty with npm start -- --fresh`,
  );
}

/** @param {KafkaOptions} options */
export function kafkaProgram({ java, jars, dir }) {
  const args = [...JVM, ...LOGGING, '-cp', join(jars, '*'), 'kafka.Kafka', join(dir, 'server.properties')];
  return { name: 'kafka', command: java, args };
}

/** @param {KafkaOptions} options */
function propertiesOf({ port, controllerPort, dir }) {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': join(dir, 'logs'),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'num.recovery.threads.per.data.dir': 4,
    // After a kill the broker is let in again only when its former session has run out; the default is 9 s.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'auto.create.topics.enable': false,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Kafka's form of a UUID: 16 random bytes in URL-safe base64, not beginning with a dash. */
function clusterId() {
  const bytes = crypto.getRandomValues(Buffer.alloc(16));
  return `T${bytes.toString('base64url').slice(1)}`;
}

/**
 * Whether a broker answers there: asks for the versions of its API, the one request every broker takes.
 * @param {string} host
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function kafkaAnswers(host, port) {
  const client = Buffer.from('trunkline-local');
  const request = Buffer.alloc(14 + client.length);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(API_VERSIONS_KEY, 4);
  request.writeInt32BE(1, 8);
  request.writeInt16BE(client.length, 12);
  client.copy(request, 14);
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const end = (/** @type {boolean} */ answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => socket.write(request));
    socket.once('data', (data) => end(data.length >= 8 && data.readInt32BE(4) === 1));
    for (const event of ['error', 'timeout', 'end']) socket.once(event, () => end(false));
  });
}

/**
 * What Kafka's log says was the matter, for the one line that a person reads.
 * @param {string} log
 */
export function kafkaComplaint(log) {
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  const causes = text.match(/^(?:Caused by: |Exception in thread "[^"]*" |.*?\b(?:ERROR|FATAL)\b ).*$/gm);
  return causes?.at(-1)?.trim() ?? lastLine(text);
}

/** @param {string} text */
function lastLine(text) {
  return text.trim().split('\n').at(-1)?.trim() || 'it said nothing';
}
