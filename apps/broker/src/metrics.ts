import { AgentMetrics } from '#libs/agent';
import type { Counter, Registry } from '#libs/platform';

/** Why a connection came to nothing before it was a leg. */
export const DOOR_REFUSALS = [
  /** Over the limit of connections. */
  'too-many-connections',
  'too-many-handshakes',
  'too-many-from-address',
  /** No TLS, or what no TLS can be: plain text, garbage. */
  'no-tls',
  'old-tls',
  'no-common-alpn',
  'handshake-timeout',
  /** It went, or broke, during the handshake. */
  'handshake-broken',
  'no-certificate',
  'bad-certificate',
  /** Its certificate is good, and no endpoint's. */
  'no-endpoint',
  'hello-timeout',
] as const;
export type DoorRefusal = (typeof DOOR_REFUSALS)[number];

/** Why the connection of an endpoint ended. */
export const LEG_ENDS = [
  'bye',
  'closed',
  'reset',
  'silent',
  'fault',
  'refused',
  'timeout',
  'redirected',
  'session-over',
  'superseded',
  'drained',
  'shutdown',
  'asleep',
] as const;
export type LegEnd = (typeof LEG_ENDS)[number];

/** All that a broker counts. Labels are closed words: never an identity, never a code, never a byte of what it carries. */
export class BrokerMetrics extends AgentMetrics {
  readonly doorRefusals: Counter<'reason'>;
  readonly legs: Counter<'role'>;
  readonly legsEnded: Counter<'reason'>;
  readonly faults: Counter<'fault' | 'state'>;
  readonly refusals: Counter<'reason'>;
  readonly dataDropped: Counter<'reason'>;
  readonly relaysOpened: Counter<string>;
  readonly relaysClosed: Counter<'reason'>;
  readonly bytes: Counter<'direction'>;
  readonly pauses: Counter<'reason'>;

  constructor(registry: Registry) {
    super(registry, 'broker');
    this.doorRefusals = this.counter('door_refusals_total', 'Connections that came to nothing', ['reason']);
    this.legs = this.counter('legs_opened_total', 'Connections of endpoints that said hello', ['role']);
    this.legsEnded = this.counter('legs_ended_total', 'Connections of endpoints that ended', ['reason']);
    this.faults = this.counter('faults_total', 'Endpoints that broke the protocol', ['fault', 'state']);
    this.refusals = this.counter('refusals_total', 'Endpoints that were refused what they asked for', [
      'reason',
    ]);
    this.dataDropped = this.counter('data_dropped_total', 'Data frames that no relay carried', ['reason']);
    this.relaysOpened = this.counter('relays_opened_total', 'Relays opened', []);
    this.relaysClosed = this.counter('relays_closed_total', 'Relays closed', ['reason']);
    this.bytes = this.counter('bytes_total', 'Bytes carried; up: from controller to target', ['direction']);
    this.pauses = this.counter('pauses_total', 'Senders that had to wait for a reader', ['reason']);
  }
}
