import { NAME_PATTERN } from '#libs/contracts';
import { splitAddress } from '#libs/relay';
import { EndpointError } from './errors.ts';

/** One broker of the list that an endpoint was given (`brokers.json`). */
export interface Broker {
  /** What its certificate's SPIFFE name says. */
  readonly id: string;
  /** Its host name, which its certificate must hold. */
  readonly host: string;
  readonly port: number;
  readonly region: string;
  /** `ip:port` to dial instead of the host name. */
  readonly address?: string;
}

/** Brokers that a list may hold, as many as a list of probes. */
export const MAX_BROKERS = 64;
const HOST = /^[A-Za-z0-9.:-]{1,253}$/;
const ADDRESS = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;

/** Checks a parsed `brokers.json`; members that it does not name are left out. @throws EndpointError `bad-brokers` */
export function readBrokers(value: unknown): Broker[] {
  if (!Array.isArray(value) || value.length === 0) throw bad('it must be a list of at least one broker');
  if (value.length > MAX_BROKERS) throw bad(`more than ${MAX_BROKERS} brokers`);
  const brokers = value.map(readBroker);
  const ids = new Set(brokers.map(({ id }) => id));
  if (ids.size < brokers.length) throw bad('an id stands twice');
  return brokers;
}

function readBroker(value: unknown, index: number): Broker {
  const wrong = (member: string): EndpointError => bad(`[${index}].${member}`);
  if (typeof value !== 'object' || value === null) throw bad(`[${index}] is no object`);
  const { id, host, port, region, address } = value as Partial<Record<string, unknown>>;
  if (typeof id !== 'string' || !NAME_PATTERN.test(id)) throw wrong('id');
  if (typeof host !== 'string' || !HOST.test(host)) throw wrong('host');
  if (!isPort(port)) throw wrong('port');
  if (typeof region !== 'string' || !NAME_PATTERN.test(region)) throw wrong('region');
  if (address === undefined) return { id, host, port, region };
  if (typeof address !== 'string' || !ADDRESS.test(address) || !isPort(splitAddress(address).port)) {
    throw wrong('address');
  }
  return { id, host, port, region, address };
}

/**
 * The broker that a redirect names. The list's own entry goes before the address in the redirect, because it
 * may say how to reach that broker from here.
 */
export function brokerNamed(brokers: readonly Broker[], id: string, address: string): Broker {
  const listed = brokers.find((broker) => broker.id === id);
  return listed ?? { id, region: 'unknown', ...splitAddress(address) };
}

/** Where to dial a broker. */
export function dialAddress(broker: Broker): { host: string; port: number } {
  return broker.address === undefined
    ? { host: broker.host, port: broker.port }
    : splitAddress(broker.address);
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;
}

function bad(detail: string): EndpointError {
  return new EndpointError('bad-brokers', detail);
}
