import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { membersOf, PORTS } from './programs.mjs';

/** @typedef {import('./programs.mjs').Site} Site */
/** @typedef {import('./paths.mjs').Layout} Layout */

export const REGIONS = { bank: 'east', scheme: 'west' };

/**
 * The port of a program in a stack whose ports are all shifted alike.
 * @param {number} offset
 * @returns {Site['portOf']}
 */
export function shiftedPorts(offset) {
  return (program, purpose) => {
    const port = /** @type {{[purpose: string]: number}} */ (PORTS[program])[purpose];
    if (port === undefined) throw new Error(`${program} has no port for ${purpose}`);
    return port + offset;
  };
}

/**
 * @typedef {object} Libs what the set-up of a stack uses of the libraries
 * @property {typeof import('../../libs/contracts/src/index.ts')} contracts
 * @property {typeof import('../../libs/log/src/index.ts')} log
 * @property {typeof import('../../libs/pki/src/index.ts')} pki
 */

/**
 * The libraries of a build. The launcher needs none to begin; it asks for them once they are there.
 * @param {string} build
 * @returns {Promise<Libs>}
 */
export async function libsOf(build) {
  const lib = (/** @type {string} */ name) =>
    import(pathToFileURL(join(build, `libs/${name}/src/index.js`)).href);
  return { contracts: await lib('contracts'), log: await lib('log'), pki: await lib('pki') };
}

/**
 * Certificates for everybody, the issuer of tokens, and the token that allows everything.
 * @param {Site} site
 * @param {Libs} libs
 */
export async function ensureSecrets({ layout, regions }, { contracts, pki }) {
  await pki.ensurePki(layout.pki, membersOf(regions, contracts), Date.now());
  pki.ensureIssuer(layout.pki);
  if (existsSync(layout.token)) return;
  writeFileSync(layout.token, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
}

/**
 * Makes both regions' topics.
 * @param {Site} site
 * @param {Libs} libs
 */
export async function ensureTopics({ kafkaBrokers, regions }, { contracts, log: { KafkaLog } }) {
  const log = new KafkaLog({ brokers: kafkaBrokers.split(','), clientId: 'trunkline-local' });
  try {
    for (const region of Object.values(regions)) {
      await log.ensureTopics(region, { partitions: contracts.DEFAULT_PARTITIONS });
    }
  } finally {
    await log.close();
  }
}

/**
 * What `npm run up` has to know of the running stack.
 * @typedef {{portOffset: number, kafkaBrokers: string, redisUrl: string, ownKafka: boolean, ownRedis: boolean}} Running
 */

/**
 * @param {Layout} layout
 * @param {Running} running
 */
export function writeRunning(layout, running) {
  writeFileSync(join(layout.home, 'stack.json'), `${JSON.stringify(running)}\n`, { mode: 0o600 });
}

/**
 * @param {Layout} layout
 * @returns {Running}
 */
export function readRunning(layout) {
  return JSON.parse(readFileSync(join(layout.home, 'stack.json'), 'utf8'));
}

/**
 * @param {Layout} layout
 * @param {string} build
 * @param {Pick<Running, 'portOffset' | 'kafkaBrokers' | 'redisUrl'>} running
 * @returns {Site}
 */
export function localSite(layout, build, { portOffset, kafkaBrokers, redisUrl }) {
  return { layout, build, kafkaBrokers, redisUrl, regions: REGIONS, portOf: shiftedPorts(portOffset) };
}
