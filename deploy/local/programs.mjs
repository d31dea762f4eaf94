import { join } from 'node:path';
import { certificate, identity, program, shared } from './program.mjs';
import { BROKERS, brokerPrograms, wanPrograms } from './sessions.mjs';

/**
 * The programs of the local stack: what they are called, where they listen and what they are told. Names and
 * ports are those that other people's programs rely on; a stack of a test gives others.
 */

/** The base ports, by program and purpose. */
export const PORTS = {
  kafka: { client: 9092, controller: 9093 },
  redis: { client: 6379 },
  'central-controller-east': { http: 8080, grpc: 9090 },
  'central-controller-west': { http: 8180, grpc: 9190 },
  'client-sidecar-1': { application: 18583, admin: 18683 },
  'client-sidecar-dr': { application: 18584, admin: 18684 },
  'server-sidecar-1': { link: 28583, admin: 28683 },
  'server-sidecar-2': { link: 28584, admin: 28684 },
  'server-sidecar-3': { link: 28585, admin: 28685 },
  'iso-client-1': { control: 8081 },
  'iso-client-dr': { control: 8082 },
  'iso-server-1': { application: 18783, control: 8083 },
  'iso-server-1b': { application: 18784, control: 8084 },
  'iso-server-2': { application: 18785, control: 8085 },
  'iso-server-3': { application: 18786, control: 8086 },
  'broker-us-1': { endpoint: 7443, admin: 7543 },
  'broker-us-2': { endpoint: 7444, admin: 7544 },
  'broker-in-3': { endpoint: 7445, admin: 7545 },
  'broker-in-4': { endpoint: 7446, admin: 7546 },
  'wan-india': {
    'broker-us-1': 17443,
    'broker-us-2': 17444,
    'broker-in-3': 17445,
    'broker-in-4': 17446,
    admin: 17543,
  },
  'wan-usa': {
    'broker-us-1': 27443,
    'broker-us-2': 27444,
    'broker-in-3': 27445,
    'broker-in-4': 27446,
    admin: 27543,
  },
};

/** @typedef {keyof typeof PORTS} Name */

export const SERVERS = /** @type {const} */ (['kafka', 'redis']);

/**
 * @typedef {object} Site all that differs between one stack and another
 * @property {import('./paths.mjs').Layout} layout
 * @property {string} build the folder of the compiled programs
 * @property {string} kafkaBrokers
 * @property {string} redisUrl
 * @property {{bank: string, scheme: string}} regions names of the two control regions
 * @property {(program: Name, purpose: string) => number} portOf
 */

/**
 * @typedef {object} Program
 * @property {Name} name
 * @property {string} command
 * @property {string[]} args
 * @property {{[variable: string]: string}} env
 * @property {string} readyUrl answers 200 once the program is ready
 */

/** @type {{name: Name, region: 'bank' | 'scheme', certificate: string}[]} */
const CONTROLLERS = [
  { name: 'central-controller-east', region: 'bank', certificate: 'controller-east' },
  { name: 'central-controller-west', region: 'scheme', certificate: 'controller-west' },
];

/** @type {{name: Name, agent: string, application: Name, links: boolean}[]} */
const CLIENT_SIDECARS = [
  { name: 'client-sidecar-1', agent: 'bank-client-1', application: 'iso-client-1', links: true },
  { name: 'client-sidecar-dr', agent: 'bank-client-dr', application: 'iso-client-dr', links: false },
];

/** @type {{name: Name, agent: string, pool: Name[]}[]} */
const SERVER_SIDECARS = [
  { name: 'server-sidecar-1', agent: 'scheme-server-1', pool: ['iso-server-1', 'iso-server-1b'] },
  { name: 'server-sidecar-2', agent: 'scheme-server-2', pool: ['iso-server-2'] },
  { name: 'server-sidecar-3', agent: 'scheme-server-3', pool: ['iso-server-3'] },
];

/** @type {Name[]} */
const ISO_SERVERS = ['iso-server-1', 'iso-server-1b', 'iso-server-2', 'iso-server-3'];

export const SERVER_GROUP = 'scheme';
const PURCHASES_PER_SECOND = 5;
/** As libs/pki names the issuer of development tokens. */
export const TOKEN_ISSUER = 'trunkline-local';

/**
 * Who has a certificate: every agent, both controllers, and the people and endpoints.
 * @param {{bank: string, scheme: string}} regions
 * @param {typeof import('../../libs/contracts/src/index.ts')} contracts
 */
export function membersOf(regions, { spiffeId, endpointSpiffeId }) {
  return [
    ...CONTROLLERS.map(({ region, certificate: name }) => ({
      name,
      uri: spiffeId(regions[region], 'central-controller', name),
    })),
    ...CLIENT_SIDECARS.map(({ agent }) => ({
      name: agent,
      uri: spiffeId(regions.bank, 'client-sidecar', agent),
    })),
    ...SERVER_SIDECARS.map(({ agent }) => ({
      name: agent,
      uri: spiffeId(regions.scheme, 'server-sidecar', agent),
    })),
    ...BROKERS.map(({ name, region, host }) => ({
      name,
      uri: spiffeId(regions[region], 'broker', name),
      dnsNames: ['localhost', host],
    })),
    ...['operator', 'controller', 'target'].map((name) => ({ name, uri: endpointSpiffeId(name) })),
  ];
}

/**
 * Every program of a stack, in the order of their start.
 * @param {Site} site
 * @returns {Program[]}
 */
export function programsOf(site) {
  return [
    ...CONTROLLERS.map((row) => controller(site, row)),
    ...ISO_SERVERS.map((name) => isoServer(site, name)),
    ...SERVER_SIDECARS.map((row) => serverSidecar(site, row)),
    ...CLIENT_SIDECARS.map((row) => clientSidecar(site, row)),
    ...CLIENT_SIDECARS.map((row) => isoClient(site, row)),
    ...brokerPrograms(site),
    ...wanPrograms(site),
  ];
}

/**
 * @param {Site} site
 * @param {(typeof CONTROLLERS)[number]} row
 */
function controller(site, { name, region }) {
  const port = site.portOf(name, 'http');
  return program(site, 'central-controller', name, port, {
    ...shared(site, region),
    ...regional(site, region),
    TRUNKLINE_REDIS_URL: site.redisUrl,
    TRUNKLINE_HTTP_PORT: String(port),
    TRUNKLINE_GRPC_PORT: String(site.portOf(name, 'grpc')),
    TRUNKLINE_TOKEN_FILE: site.layout.token,
    TRUNKLINE_JWKS: site.layout.jwks,
    TRUNKLINE_JWT_ISSUER: TOKEN_ISSUER,
  });
}

/**
 * All that makes a controller one of its region: whom it decides for, as whom it speaks, and whom it asks.
 * @param {Site} site
 * @param {'bank' | 'scheme'} region
 * @returns {{[variable: string]: string}}
 */
export function regional(site, region) {
  const own = CONTROLLERS.find((each) => each.region === region);
  const others = CONTROLLERS.filter((each) => each !== own);
  return {
    TRUNKLINE_REGION: site.regions[region],
    TRUNKLINE_PEERS: others
      .map((peer) => `${site.regions[peer.region]}=127.0.0.1:${site.portOf(peer.name, 'grpc')}`)
      .join(','),
    ...certificate(site, own?.certificate ?? ''),
  };
}

/**
 * @param {Site} site
 * @param {(typeof CLIENT_SIDECARS)[number]} row
 */
function clientSidecar(site, { name, agent, application, links }) {
  const admin = site.portOf(name, 'admin');
  const link = {
    connection_id: `${agent}:primary`,
    server_group: SERVER_GROUP,
    dr_client_id: 'bank-client-dr',
  };
  return program(site, 'sidecar', name, admin, {
    ...shared(site, 'bank'),
    ...identity(site, agent),
    TRUNKLINE_ROLE: 'client',
    TRUNKLINE_ADMIN_PORT: String(admin),
    TRUNKLINE_APPLICATION_PORTS: String(site.portOf(name, 'application')),
    TRUNKLINE_LINKS: JSON.stringify(links ? [link] : []),
    TRUNKLINE_CONTROL_URL: `http://127.0.0.1:${site.portOf(application, 'control')}/control`,
    TRUNKLINE_CUTOVER: 'continue',
  });
}

/**
 * @param {Site} site
 * @param {(typeof SERVER_SIDECARS)[number]} row
 */
function serverSidecar(site, { name, agent, pool }) {
  const admin = site.portOf(name, 'admin');
  const entries = pool.map((server) => ({
    host: '127.0.0.1',
    port: site.portOf(server, 'application'),
    max_connections: 10,
  }));
  return program(site, 'sidecar', name, admin, {
    ...shared(site, 'scheme'),
    ...identity(site, agent),
    TRUNKLINE_ROLE: 'server',
    TRUNKLINE_ADMIN_PORT: String(admin),
    TRUNKLINE_LINK_PORT: String(site.portOf(name, 'link')),
    TRUNKLINE_SERVER_GROUP: SERVER_GROUP,
    TRUNKLINE_POOL: JSON.stringify(entries),
    TRUNKLINE_CAPACITY: '10',
  });
}

/**
 * @param {Site} site
 * @param {Name} name
 */
function isoServer(site, name) {
  const control = site.portOf(name, 'control');
  return program(site, 'iso8583-simulator', name, control, {
    ...simulator(site, name, control),
    TRUNKLINE_SIMULATOR_ROLE: 'server',
    TRUNKLINE_SIMULATOR_PORT: String(site.portOf(name, 'application')),
  });
}

/**
 * @param {Site} site
 * @param {(typeof CLIENT_SIDECARS)[number]} row
 */
function isoClient(site, { name: sidecar, application: name }) {
  const control = site.portOf(name, 'control');
  return program(site, 'iso8583-simulator', name, control, {
    ...simulator(site, name, control),
    TRUNKLINE_SIMULATOR_ROLE: 'client',
    TRUNKLINE_SIMULATOR_PORT: String(site.portOf(sidecar, 'application')),
    TRUNKLINE_SIMULATOR_RATE: String(PURCHASES_PER_SECOND),
    // Its sidecar tells it when the link is its own: one that was killed must not believe so by itself.
    TRUNKLINE_SIMULATOR_ACTIVE: 'false',
  });
}

/**
 * @param {Site} site
 * @param {Name} name
 * @param {number} control
 */
function simulator({ layout }, name, control) {
  return {
    TRUNKLINE_SIMULATOR_NAME: name,
    TRUNKLINE_SIMULATOR_CONTROL_PORT: String(control),
    TRUNKLINE_SIMULATOR_FATES: join(layout.data, `${name}.ndjson`),
  };
}
