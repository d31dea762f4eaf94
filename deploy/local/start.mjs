import { mkdirSync } from 'node:fs';
import { ensureBuild } from './build.mjs';
import { reasonFor, StackError } from './errors.mjs';
import { startKafka, startRedis } from './infrastructure.mjs';
import { ensureJars } from './jars.mjs';
import { kafkaAnswers } from './kafka.mjs';
import { takeLock } from './lock.mjs';
import { HOME, layoutOf } from './paths.mjs';
import { checkDisk, checkNode } from './preflight.mjs';
import { forget, isAlive, recordsOf, stop, writeRecord } from './processes.mjs';
import { programsOf, SERVERS } from './programs.mjs';
import { redisAnswers } from './redis.mjs';
import { endRunning } from './run.mjs';
import { writeBrokerLists } from './sessions.mjs';
import { firstBroker, readSettings, redisAddress, USAGE } from './settings.mjs';
import { beginEmpty, checkMachine, clearLeftovers, ensureDependencies, isServer } from './setup.mjs';
import { ensureSecrets, ensureTopics, libsOf, localSite, shiftedPorts, writeRunning } from './site.mjs';
import { startProgram, untilReady, watch } from './supervise.mjs';
import { welcome } from './welcome.mjs';

/** Programs end within this, then the servers within theirs: all of it within ten seconds. */
const PROGRAMS_GRACE_MS = 4_500;
const SERVERS_GRACE_MS = 4_000;

/**
 * @typedef {import('./paths.mjs').Layout} Layout
 * @typedef {import('./settings.mjs').Settings} Settings
 * @typedef {(text: string) => void} Say
 */

const layout = layoutOf(HOME);
const say = (/** @type {string} */ text) => console.log(text);
const startedMs = performance.now();
let stopping = false;
let endWatch = () => {};

/** @param {Settings} settings */
async function bringUp(settings) {
  if (settings.fresh) beginEmpty(layout);
  const { java, needsJars } = await checkMachine(settings);
  mkdirSync(layout.data, { recursive: true });
  const running = addressesOf(settings);
  writeRunning(layout, running);
  const [jars] = await Promise.all([
    needsJars ? ensureJars(say) : undefined,
    ensureDependencies(say, (pid) => writeRecord(layout, 'npm-ci', pid)),
  ]);
  goOn();
  const servers = startServers(settings, running, java, jars);
  // Waited for below; until then a failure of the build may come first.
  servers.catch(() => {});
  // Compiling keeps this process busy for a few seconds, in which the servers come up by themselves.
  const { dir, built } = ensureBuild();
  if (built) say('built');
  await servers;
  const site = localSite(layout, dir, running);
  const libs = await libsOf(dir);
  await ensureSecrets(site, libs);
  writeBrokerLists(site);
  await ensureTopics(site, libs);
  goOn();
  const programs = programsOf(site);
  for (const program of programs) startProgram(layout, program);
  await Promise.all(programs.map((program) => untilReady(layout, program)));
  return programs.map(({ name }) => name);
}

/** Nothing more is started once a signal came. */
function goOn() {
  if (stopping) throw new StackError('a signal came while starting');
}

/** @param {Settings} settings */
function addressesOf({ portOffset, kafkaBrokers, redisUrl }) {
  const portOf = shiftedPorts(portOffset);
  return {
    portOffset,
    kafkaBrokers: kafkaBrokers ?? `127.0.0.1:${portOf('kafka', 'client')}`,
    redisUrl: redisUrl ?? `redis://127.0.0.1:${portOf('redis', 'client')}`,
    ownKafka: !kafkaBrokers,
    ownRedis: !redisUrl,
  };
}

/**
 * Starts the servers that nobody gave, and makes sure that the given ones are there.
 * @param {Settings} settings
 * @param {import('./site.mjs').Running} running
 * @param {string | undefined} java
 * @param {string | undefined} jars
 */
async function startServers({ portOffset }, { kafkaBrokers, redisUrl, ownKafka, ownRedis }, java, jars) {
  const portOf = shiftedPorts(portOffset);
  const kafka = async () => {
    if (ownKafka && java && jars) {
      const ports = { port: portOf('kafka', 'client'), controllerPort: portOf('kafka', 'controller') };
      return startKafka(layout, { java, jars, ...ports });
    }
    const { host, port } = firstBroker(kafkaBrokers);
    if (await kafkaAnswers(host, port)) return;
    throw new StackError(
      `no Kafka answers at TRUNKLINE_KAFKA_BROKERS ${host}:${port}: start it, or unset it`,
    );
  };
  const redis = async () => {
    if (ownRedis) return startRedis(layout, { jars, port: portOf('redis', 'client') });
    const { host, port, secure } = redisAddress(redisUrl) ?? { host: '', port: 0, secure: false };
    if (await redisAnswers(host, port, secure)) return;
    throw new StackError(`no Redis answers at TRUNKLINE_REDIS_URL ${host}:${port}: start it, or unset it`);
  };
  await Promise.all([kafka(), redis()]);
}

/** Ends everything this stack runs: first the programs, so that they can say goodbye, then the servers. */
async function takeDown() {
  endWatch();
  endRunning();
  const alive = (/** @type {boolean} */ servers) =>
    recordsOf(layout).filter((record) => isServer(record.name) === servers && isAlive(record));
  await stop(alive(false), PROGRAMS_GRACE_MS);
  await stop(alive(true), SERVERS_GRACE_MS);
  for (const { name } of recordsOf(layout)) forget(layout, name);
}

/** @param {() => void} unlock */
function stopOnSignals(unlock) {
  const end = async () => {
    if (stopping) return;
    stopping = true;
    say('stopping');
    await takeDown();
    unlock();
    say('stopped');
    process.exit(0);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => void end());
}

async function main() {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings.help) return say(USAGE);
  checkNode();
  checkDisk(HOME);
  const unlock = takeLock(
    layout,
    'launcher',
    (pid) => `this stack runs already (pid ${pid}): use it, or end it with Ctrl-C there or kill ${pid}`,
  );
  stopOnSignals(unlock);
  try {
    await clearLeftovers(layout, say);
    const names = await bringUp(settings);
    if (stopping) return;
    const { ownKafka, ownRedis } = addressesOf(settings);
    const servers = SERVERS.filter((name) => (name === 'kafka' ? ownKafka : ownRedis));
    say(welcome(settings.portOffset, (performance.now() - startedMs) / 1_000));
    endWatch = watch(layout, [...servers, ...names], say);
  } catch (error) {
    if (stopping) return;
    stopping = true;
    await takeDown();
    unlock();
    throw error;
  }
}

// Whoever read our output may have gone (a closed terminal, `| head`); that stops nothing.
process.stdout.on('error', () => {});
try {
  await main();
} catch (error) {
  console.error(`trunkline: ${reasonFor(error)}`);
  process.exit(1);
}
