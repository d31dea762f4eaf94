import { join } from 'node:path';

/** What the rows of the table of programs are made with. */

/** @typedef {import('./programs.mjs').Name} Name */
/** @typedef {import('./programs.mjs').Program} Program */
/** @typedef {import('./programs.mjs').Site} Site */

/**
 * What every program of a control region is told.
 * @param {Site} site
 * @param {'bank' | 'scheme'} region
 */
export function shared(site, region) {
  const { bank, scheme } = site.regions;
  return {
    TRUNKLINE_REGION: site.regions[region],
    TRUNKLINE_REGIONS: `${bank},${scheme}`,
    TRUNKLINE_KAFKA_BROKERS: site.kafkaBrokers,
  };
}

/**
 * Who an agent is, and where it runs as placement compares it.
 * @param {Site} site
 * @param {string} agent
 */
export function identity(site, agent, location = 'local') {
  return {
    TRUNKLINE_AGENT_ID: agent,
    TRUNKLINE_LOCATION: location,
    ...certificate(site, agent),
  };
}

/**
 * The files of somebody's certificate.
 * @param {Site} site
 * @param {string} name
 */
export function certificate({ layout }, name) {
  return {
    TRUNKLINE_TLS_CA: join(layout.pki, 'ca.crt'),
    TRUNKLINE_TLS_CERT: join(layout.pki, `${name}.crt`),
    TRUNKLINE_TLS_KEY: join(layout.pki, `${name}.key`),
  };
}

/**
 * One program of the build, as a process of its own.
 * @param {Site} site
 * @param {string} app
 * @param {Name} name
 * @param {number} healthPort
 * @param {{[variable: string]: string}} env
 * @returns {Program}
 */
export function program(site, app, name, healthPort, env) {
  return {
    name,
    command: process.execPath,
    args: ['--enable-source-maps', join(site.build, `apps/${app}/src/main.js`)],
    env,
    readyUrl: `http://127.0.0.1:${healthPort}/health/ready`,
  };
}
