import { Counter, Gauge, type Registry } from '#libs/platform';
import type { Message } from '../traffic/framing.ts';

/** All that a sidecar counts. Labels are closed words: never an id of a message, never its content. */
export class SidecarMetrics {
  readonly messages: Counter<'direction' | 'kind'>;
  readonly messagesDropped: Counter<'reason'>;
  readonly applicationClosed: Counter<'reason'>;
  readonly applicationRefused: Counter<'reason'>;
  readonly backendLost: Counter<'reason'>;
  readonly pathsEnded: Counter<'reason'>;
  readonly dialsRefused: Counter<'reason'>;
  readonly commands: Counter<'command' | 'outcome' | 'reason'>;
  readonly factsDropped: Counter<'reason'>;
  readonly reports: Counter<'outcome'>;

  constructor(registry: Registry) {
    const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
      new Counter({ name: `trunkline_sidecar_${name}`, help, labelNames, registers: [registry] });
    this.messages = counter('messages_total', 'Messages carried', ['direction', 'kind']);
    this.messagesDropped = counter('messages_dropped_total', 'Messages not carried', ['reason']);
    this.applicationClosed = counter('application_closed_total', 'Application connections ended', ['reason']);
    this.applicationRefused = counter('application_refused_total', 'Application connections refused', [
      'reason',
    ]);
    this.backendLost = counter('backend_lost_total', 'Connections to pool entries lost', ['reason']);
    this.pathsEnded = counter('paths_ended_total', 'Paths between sidecars ended', ['reason']);
    this.dialsRefused = counter('dials_refused_total', 'Dials to the link port refused', ['reason']);
    this.commands = counter('commands_total', 'Commands answered', ['command', 'outcome', 'reason']);
    this.factsDropped = counter('facts_dropped_total', 'Facts that never reached Kafka', ['reason']);
    this.reports = counter('reports_total', 'Health reports sent', ['outcome']);
  }

  /** Counts a burst by its kinds, not one by one: this is on the way of every message. */
  carried(direction: 'to-path' | 'to-application' | 'to-backend', messages: readonly Message[]): void {
    let requests = 0;
    let responses = 0;
    for (const { kind } of messages) {
      if (kind === 'request') requests += 1;
      else if (kind === 'response') responses += 1;
    }
    if (requests > 0) this.messages.inc({ direction, kind: 'request' }, requests);
    if (responses > 0) this.messages.inc({ direction, kind: 'response' }, responses);
    const others = messages.length - requests - responses;
    if (others > 0) this.messages.inc({ direction, kind: 'empty' }, others);
  }
}

/** Values read at each scrape. */
export function gaugeOf(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name: `trunkline_sidecar_${name}`,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
