import { Counter, Gauge, type Registry } from '#libs/platform';

/** What every agent counts, as `trunkline_<program>_…`. Labels are closed words: never an id, never content. */
export class AgentMetrics {
  readonly commands: Counter<'command' | 'outcome' | 'reason'>;
  readonly factsDropped: Counter<'reason'>;
  readonly reports: Counter<'outcome'>;

  constructor(
    private readonly registry: Registry,
    private readonly program: 'sidecar' | 'broker',
  ) {
    this.commands = this.counter('commands_total', 'Commands answered', ['command', 'outcome', 'reason']);
    this.factsDropped = this.counter('facts_dropped_total', 'Facts that never reached Kafka', ['reason']);
    this.reports = this.counter('reports_total', 'Health reports sent', ['outcome']);
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
