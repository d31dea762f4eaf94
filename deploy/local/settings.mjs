import { StackError } from './errors.mjs';

export const USAGE = `npm start [-- --fresh]

Starts the local stack and stops it on Ctrl-C.
  --fresh   begin empty: forget the data, the certificates and the logs of earlier runs
  --help    this text

Environment:
  TRUNKLINE_PORT_OFFSET     added to every port (default 0)
  TRUNKLINE_KAFKA_BROKERS   use this Kafka instead of starting one, host:port[,host:port…]
  TRUNKLINE_REDIS_URL       use this Redis instead of starting one, redis://…
Every other TRUNKLINE_ variable reaches the programs, for example TRUNKLINE_LOG_LEVEL=debug.`;

/** All ports stay below the ones that systems give to outgoing connections, from 32768 on. */
const OFFSET_MAX = 3_900;

/**
 * What a person chose: flags and environment.
 * @typedef {{fresh: boolean, help: boolean, portOffset: number, kafkaBrokers?: string, redisUrl?: string}} Settings
 */

/**
 * @param {string[]} flags
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 * @throws {StackError} that names everything that is wrong, a line each
 */
export function readSettings(flags, env) {
  const { TRUNKLINE_PORT_OFFSET: offset, TRUNKLINE_KAFKA_BROKERS: brokers, TRUNKLINE_REDIS_URL: redis } = env;
  const problems = [
    ...flagProblems(flags),
    ...(offset ? offsetProblems(offset) : []),
    ...(brokers ? brokerProblems(brokers) : []),
    ...(redis ? redisProblems(redis) : []),
  ];
  if (problems.length > 0) throw new StackError(problems.join('\n'));
  return {
    fresh: flags.includes('--fresh'),
    help: flags.includes('--help'),
    portOffset: Number(offset || 0),
    ...(brokers && { kafkaBrokers: brokers }),
    ...(redis && { redisUrl: redis }),
  };
}

/** @param {string[]} flags */
function flagProblems(flags) {
  const unknown = flags.filter((flag) => flag !== '--fresh' && flag !== '--help');
  if (unknown.length === 0) return [];
  return [`${unknown.join(' ')}: no such option; npm start -- --help lists what there is`];
}

/** @param {string} text */
function offsetProblems(text) {
  const offset = Number(text);
  if (Number.isInteger(offset) && offset >= 0 && offset <= OFFSET_MAX) return [];
  return [`TRUNKLINE_PORT_OFFSET is "${text}": give a whole number from 0 to ${OFFSET_MAX}`];
}

/** @param {string} text */
function brokerProblems(text) {
  if (/^[^\s:,]+:\d{1,5}(,[^\s:,]+:\d{1,5})*$/.test(text)) return [];
  return [`TRUNKLINE_KAFKA_BROKERS is "${text}": give host:port[,host:port…]`];
}

/**
 * The URL itself is not repeated: it may hold a password.
 * @param {string} text
 */
function redisProblems(text) {
  if (redisAddress(text)) return [];
  return [
    'TRUNKLINE_REDIS_URL is not a Redis URL: give redis[s]://[user:password@]host:port[/db] or redis[s]+cluster://host:port,host:port',
  ];
}

/**
 * Host and port of the first of some addresses.
 * @param {string} brokers
 */
export function firstBroker(brokers) {
  const [host = '', port = ''] = (brokers.split(',')[0] ?? '').split(':');
  return { host, port: Number(port) };
}

/**
 * Where the (first) Redis of a URL listens, and whether it speaks TLS; undefined: it is no URL of a Redis.
 * @param {string} url
 */
export function redisAddress(url) {
  const found =
    /^redis(s?)(?:\+cluster)?:\/\/(?:[^@/]*@)?([^:/,@\s]+)(?::(\d{1,5}))?(?:,[^/\s]*)?(?:\/\d*)?$/.exec(url);
  const [, secure, host, port] = found ?? [];
  return host ? { host, port: Number(port ?? 6379), secure: secure === 's' } : undefined;
}
