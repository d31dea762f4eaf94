import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from './errors.mjs';
import { CACHE, ROOT } from './paths.mjs';
import { findMaven } from './preflight.mjs';
import { run } from './run.mjs';

const POM = join(ROOT, 'deploy/local/pom.xml');

/**
 * The folder of Kafka's and embedded-redis' jars: fetched by Maven once for each content of the pom, written
 * beside and renamed, so that a folder that is there is whole.
 * @param {(text: string) => void} say
 * @param {string} [cache]
 */
export async function ensureJars(say, cache = CACHE) {
  const dir = jarsDir(cache);
  if (existsSync(dir)) return dir;
  const maven = findMaven();
  say('fetching Kafka (58 MB, once)');
  const beside = `${dir}.${process.pid}`;
  mkdirSync(beside, { recursive: true });
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${beside}`];
  const done = await run(maven, ['-q', '-B', '-f', POM, ...goal], { cwd: ROOT });
  if (done.code !== 0) {
    rmSync(beside, { recursive: true, force: true });
    const error = /\[ERROR\] (.*)/.exec(done.output)?.[1] ?? done.output.trim().split('\n')[0];
    throw new StackError(
      `Maven could not fetch Kafka's jars (${error}): mend the network or ~/.m2/settings.xml, or point TRUNKLINE_KAFKA_BROKERS and TRUNKLINE_REDIS_URL at running servers`,
    );
  }
  try {
    renameSync(beside, dir);
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    if (!existsSync(dir)) throw error;
  }
  return dir;
}

/**
 * Where the jars are, or will be.
 * @param {string} [cache]
 */
export function jarsDir(cache = CACHE) {
  const hash = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 16);
  return join(cache, `jars-${hash}`);
}
