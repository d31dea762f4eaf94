import { randomUUID } from 'node:crypto';
import { type ConnectionHealth, type HealthReport, LIMITS } from '#libs/contracts';
import type { AgentContext, Carrier } from './agent.ts';
import type { FactSink, OutgoingRecord } from './ports.ts';

export interface ReporterOptions {
  readonly topic: string;
  readonly source: string;
  readonly intervalMs: number;
  /** Absent: this agent has no lease. */
  readonly leaseMs?: number;
  readonly location: string;
  readonly serverGroup?: string;
  readonly address: string;
  readonly softwareVersion: string;
  /** The first acknowledged report of each incarnation: from here on this agent can be placed. */
  readonly acknowledged: (incarnation: string) => void;
}

/** Reports sent because something changed are at least this far apart, in milliseconds. */
const EARLY_MIN_MS = 1_000;
/** A report is sent early when the worst share of unanswered requests rose by this much since the last one. */
const RATIO_STEP = 0.2;

/** Heartbeats. An acknowledged one renews the lease, from just before it was sent. */
export class HealthReporter {
  private sequence = 0;
  private sentMs = Number.NEGATIVE_INFINITY;
  private isWanted = false;
  private sending: Promise<void> | undefined;
  private sentRatio = 0;
  private sequenceOf = '';
  private acknowledgedOf = '';
  private isDraining = false;

  constructor(
    private readonly sink: FactSink,
    private readonly agent: AgentContext,
    private readonly carrier: Carrier,
    private readonly options: ReporterOptions,
  ) {}

  /** Something changed that should not wait for the next report. */
  want(): void {
    this.isWanted = true;
  }

  /** From here on reports say that this agent takes nothing more. */
  drain(): void {
    this.isDraining = true;
  }

  /** Sends when one is due and none is on its way: Kafka away must not pile reports up. */
  tick(): void {
    if (this.sending !== undefined) return;
    const sinceMs = this.agent.clock.monotonicMs() - this.sentMs;
    if (sinceMs < Math.min(EARLY_MIN_MS, this.options.intervalMs)) return;
    const hasWorsened = this.carrier.worstUnansweredRatio >= this.sentRatio + RATIO_STEP;
    if (sinceMs >= this.options.intervalMs || this.isWanted || hasWorsened) void this.send();
  }

  /** Resolves when the report was acknowledged or given up. */
  send(): Promise<void> {
    this.sending ??= this.sendOne().finally(() => {
      this.sending = undefined;
    });
    return this.sending;
  }

  private async sendOne(): Promise<void> {
    const { vigil, clock, metrics, log } = this.agent;
    vigil.look();
    const { incarnation } = vigil;
    if (incarnation !== this.sequenceOf) this.sequence = 0;
    this.sequenceOf = incarnation;
    this.isWanted = false;
    this.sentMs = clock.monotonicMs();
    this.sentRatio = this.carrier.worstUnansweredRatio;
    const records = this.records(incarnation);
    this.sequence += 1;
    const sentBootMs = vigil.bootMs;
    try {
      await this.sink.publish(records);
    } catch (error) {
      metrics.reports.inc({ outcome: 'failed' });
      log.warn({ err: error, lease_left_ms: vigil.leaseLeftMs }, 'a health report was not acknowledged');
      return;
    }
    metrics.reports.inc({ outcome: 'acknowledged' });
    vigil.renew(sentBootMs, incarnation);
    if (incarnation === this.acknowledgedOf || incarnation !== vigil.incarnation) return;
    this.acknowledgedOf = incarnation;
    this.options.acknowledged(incarnation);
  }

  private records(incarnation: string): OutgoingRecord[] {
    const { identity, clock } = this.agent;
    const { options, carrier } = this;
    const health = carrier.health();
    this.agent.metrics.reported(health);
    const parts: ConnectionHealth[][] = [];
    for (let at = 0; at === 0 || at < health.length; at += LIMITS.connectionsPerReport) {
      parts.push(health.slice(at, at + LIMITS.connectionsPerReport));
    }
    return parts.map((connections, index) => {
      const data: HealthReport = {
        agent_id: identity.agentId,
        incarnation,
        kind: identity.kind,
        control_region: identity.region,
        location: options.location,
        ...(options.serverGroup === undefined ? {} : { server_group: options.serverGroup }),
        sequence: this.sequence,
        interval_ms: options.intervalMs,
        ...(options.leaseMs === undefined ? {} : { lease_ms: options.leaseMs }),
        address: options.address,
        capacity: carrier.capacity,
        draining: this.isDraining,
        software_version: options.softwareVersion,
        connections,
        ...(parts.length === 1 ? {} : { part: index + 1, parts: parts.length }),
      };
      return {
        topic: options.topic,
        key: identity.agentId,
        id: randomUUID(),
        type: 'health-report',
        source: options.source,
        time: new Date(clock.wallMs()).toISOString(),
        data,
      };
    });
  }
}
