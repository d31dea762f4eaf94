import { AgentMetrics } from '#libs/agent';
import type { ConnectionHealth } from '#libs/contracts';
import { type Counter, Gauge, type Registry } from '#libs/platform';
import type { Message } from './traffic/framing.ts';

/** All that a sidecar counts. Labels are closed words: never an id of a message, never its content. */
export class SidecarMetrics extends AgentMetrics {
  readonly messages: Counter<'direction' | 'kind'>;
  readonly messagesDropped: Counter<'reason'>;
  readonly applicationClosed: Counter<'reason'>;
  readonly applicationRefused: Counter<'reason'>;
  readonly backendLost: Counter<'reason'>;
  readonly pathsEnded: Counter<'reason'>;
  readonly dialsRefused: Counter<'reason'>;
  private readonly slowest: Gauge;
  private readonly unanswered: Gauge;

  constructor(registry: Registry) {
    super(registry, 'sidecar');
    this.messages = this.counter('messages_total', 'Messages carried', ['direction', 'kind']);
    this.messagesDropped = this.counter('messages_dropped_total', 'Messages not carried', ['reason']);
    this.applicationClosed = this.counter('application_closed_total', 'Application connections ended', [
      'reason',
    ]);
    this.applicationRefused = this.counter('application_refused_total', 'Application connections refused', [
      'reason',
    ]);
    this.backendLost = this.counter('backend_lost_total', 'Connections to pool entries lost', ['reason']);
    this.pathsEnded = this.counter('paths_ended_total', 'Paths between sidecars ended', ['reason']);
    this.dialsRefused = this.counter('dials_refused_total', 'Dials to the link port refused', ['reason']);
    const registers = [registry];
    this.slowest = new Gauge({
      name: 'trunkline_sidecar_response_p99_seconds',
      help: 'The 99th percentile of response times, of the slowest link in the latest health report; 0: none was measured',
      registers,
    });
    this.unanswered = new Gauge({
      name: 'trunkline_sidecar_unanswered_ratio',
      help: 'Share of requests that got no answer in time, of the worst link in the latest health report',
      registers,
    });
  }

  override reported(health: readonly ConnectionHealth[]): void {
    super.reported(health);
    this.slowest.set(Math.max(0, ...health.map(({ response_p99_ms = 0 }) => response_p99_ms)) / 1_000);
    this.unanswered.set(Math.max(0, ...health.map(({ unanswered_ratio }) => unanswered_ratio)));
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
