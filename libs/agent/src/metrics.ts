import type { ConnectionHealth } from '#libs/contracts';
import { Counter, Gauge, Histogram, type Registry } from '#libs/platform';

/** Bounds of the histogram of round trips, in seconds. */
const ROUND_TRIP_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
/** A kind of agent may carry some of them only. */
const STATUSES = ['active', 'draining', 'idle'] as const satisfies ConnectionHealth['status'][];

/** What every agent counts, as `trunkline_<program>_…`. Labels are closed words: never an id, never content. */
export class AgentMetrics {
  readonly commands: Counter<'command' | 'outcome' | 'reason'>;
  readonly factsDropped: Counter<'reason'>;
  readonly reports: Counter<'outcome'>;
  private readonly connections: Gauge<'status'>;
  private readonly roundTrip: Histogram;

  constructor(
    private readonly registry: Registry,
    private readonly program: 'sidecar' | 'broker',
  ) {
    this.commands = this.counter('commands_total', 'Commands answered', ['command', 'outcome', 'reason']);
    this.factsDropped = this.counter('facts_dropped_total', 'Facts that never reached Kafka', ['reason']);
    this.reports = this.counter('reports_total', 'Health reports sent', ['outcome']);
    // There from the start: what comes into being with its first count has no increase.
    for (const outcome of ['acknowledged', 'failed']) this.reports.inc({ outcome }, 0);
    const registers = [registry];
    this.connections = new Gauge({
      name: `trunkline_${program}_connections`,
      help: 'Connections in the latest health report, by status',
      labelNames: ['status'],
      registers,
    });
    this.roundTrip = new Histogram({
      name: `trunkline_${program}_round_trip_seconds`,
      help: 'Round trips to the other end, one of each connection a health report',
      buckets: ROUND_TRIP_BUCKETS_S,
      registers,
    });
    for (const status of STATUSES) this.connections.set({ status }, 0);
  }

  /** What a report says of the connections: measured once a report, not at each message. */
  reported(health: readonly ConnectionHealth[]): void {
    for (const status of STATUSES)
      this.connections.set({ status }, health.filter((each) => each.status === status).length);
    for (const { rtt_ms } of health) if (rtt_ms !== undefined) this.roundTrip.observe(rtt_ms / 1_000);
  }

  counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({
      name: `trunkline_${this.program}_${name}`,
      help,
      labelNames,
      registers: [this.registry],
    });
  }

  /** A value that is read at each scrape. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `trunkline_${this.program}_${name}`,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}
