import { ensureBuild } from './build.mjs';
import { reasonFor, StackError } from './errors.mjs';
import { startKafka, startRedis } from './infrastructure.mjs';
import { ensureJars, jarsDir } from './jars.mjs';
import { lockOwner, takeLock } from './lock.mjs';
import { HOME, layoutOf } from './paths.mjs';
import { findJava } from './preflight.mjs';
import { isAlive, readRecord } from './processes.mjs';
import { PORTS, programsOf } from './programs.mjs';
import { localSite, readRunning, shiftedPorts } from './site.mjs';
import { startProgram, untilReady } from './supervise.mjs';

const layout = layoutOf(HOME);

/**
 * Starts a program, or a server, of the running stack again.
 * @param {string | undefined} name
 * @param {string[]} rest
 */
async function up(name, rest) {
  const names = Object.keys(PORTS);
  if (!name || !names.includes(name) || rest.length > 0) {
    throw new StackError(`npm run up -- <name>, where <name> is one of ${names.join(', ')}`);
  }
  if (!lockOwner(layout, 'launcher')) throw new StackError('the stack does not run: start it with npm start');
  const unlock = takeLock(layout, 'up', () => 'another npm run up is at work: try again when it is done');
  try {
    const record = readRecord(layout, name);
    if (isAlive(record)) throw new StackError(`${name} runs already (pid ${record?.pid}): nothing to do`);
    await start(name);
    console.log(`${name} runs (pid ${readRecord(layout, name)?.pid})`);
  } finally {
    unlock();
  }
}

/** @param {string} name */
async function start(name) {
  const running = readRunning(layout);
  const portOf = shiftedPorts(running.portOffset);
  switch (name) {
    case 'kafka': {
      if (!running.ownKafka)
        throw new StackError(`Kafka is not ours: start ${running.kafkaBrokers} yourself`);
      const jars = await ensureJars(console.log);
      const ports = { port: portOf('kafka', 'client'), controllerPort: portOf('kafka', 'controller') };
      return startKafka(layout, { java: findJava(), jars, ...ports });
    }
    case 'redis':
      if (!running.ownRedis)
        throw new StackError('Redis is not ours: start the one of TRUNKLINE_REDIS_URL yourself');
      return startRedis(layout, { jars: jarsDir(), port: portOf('redis', 'client') });
    default: {
      const site = localSite(layout, ensureBuild().dir, running);
      const program = programsOf(site).find((one) => one.name === name);
      if (!program) throw new StackError(`${name} is no program of this stack`);
      startProgram(layout, program);
      return untilReady(layout, program);
    }
  }
}

try {
  const [name, ...rest] = process.argv.slice(2);
  await up(name, rest);
} catch (error) {
  console.error(`trunkline: ${reasonFor(error)}`);
  process.exit(1);
}
