import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identity, program, shared } from './program.mjs';

/**
 * What sessions need of the local stack: brokers, how far they are from two places, and the lists of brokers that
 * the command line is given.
 */

/** @typedef {import('./programs.mjs').Name} Name */
/** @typedef {import('./programs.mjs').Site} Site */
/** @typedef {'usa' | 'india'} Place */

/** @type {{name: Name, region: 'bank' | 'scheme', place: Place, host: string}[]} */
export const BROKERS = [
  { name: 'broker-us-1', region: 'bank', place: 'usa', host: 'broker-us-1.company.com' },
  { name: 'broker-us-2', region: 'bank', place: 'usa', host: 'broker-us-2.company.com' },
  { name: 'broker-in-3', region: 'scheme', place: 'india', host: 'broker-in-3.company.com' },
  { name: 'broker-in-4', region: 'scheme', place: 'india', host: 'broker-in-4.company.com' },
];

/** @type {{name: Name, place: Place}[]} */
const WANS = [
  { name: 'wan-india', place: 'india' },
  { name: 'wan-usa', place: 'usa' },
];

/** There and back, within a country and to the other one. */
const ROUND_TRIP_MS = { near: 15, far: 170 };

/** @param {Site} site */
export function brokerPrograms(site) {
  return BROKERS.map(({ name, region, place }) => {
    const admin = site.portOf(name, 'admin');
    return program(site, 'broker', name, admin, {
      ...shared(site, region),
      ...identity(site, name, place),
      TRUNKLINE_BROKER_PORT: String(site.portOf(name, 'endpoint')),
      TRUNKLINE_ADMIN_PORT: String(admin),
      TRUNKLINE_CODE_KEY: join(site.layout.pki, 'code.key'),
      TRUNKLINE_CODE_REGIONS: `E=${site.regions.bank},W=${site.regions.scheme}`,
    });
  });
}

/** @param {Site} site */
export function wanPrograms(site) {
  return WANS.map(({ name, place }) => {
    const admin = site.portOf(name, 'admin');
    const routes = BROKERS.map((broker) => ({
      port: site.portOf(name, broker.name),
      target: `127.0.0.1:${site.portOf(broker.name, 'endpoint')}`,
      round_trip_ms: broker.place === place ? ROUND_TRIP_MS.near : ROUND_TRIP_MS.far,
    }));
    return program(site, 'wan-simulator', name, admin, {
      TRUNKLINE_WAN_NAME: name,
      TRUNKLINE_WAN_ADMIN_PORT: String(admin),
      TRUNKLINE_WAN_ROUTES: JSON.stringify(routes),
    });
  });
}

/**
 * Writes the lists of brokers: `brokers.json`, which dials them directly, and one for each place, through its WAN.
 * @param {Site} site
 */
export function writeBrokerLists(site) {
  writeList(site, 'brokers.json', (broker) => site.portOf(broker, 'endpoint'));
  for (const { name, place } of WANS) {
    writeList(site, `brokers-${place}.json`, (broker) => site.portOf(name, broker));
  }
}

/**
 * @param {Site} site
 * @param {string} file
 * @param {(broker: Name) => number} portOf where each is dialled
 */
function writeList({ layout, regions }, file, portOf) {
  const rows = BROKERS.map(({ name, region, host }) => {
    const port = portOf(name);
    // Nobody's DNS knows the host names: they are what the certificates say.
    return { id: name, host, port, region: regions[region], address: `127.0.0.1:${port}` };
  });
  writeFileSync(join(layout.home, file), `${JSON.stringify(rows, null, 2)}\n`);
}
