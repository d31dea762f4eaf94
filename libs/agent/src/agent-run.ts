import { type AgentKind, spiffeId, TOPIC, topicName } from '#libs/contracts';
import type { Clock, Logger, Registry } from '#libs/platform';
import { type AgentContext, type Carrier, type NamedCommand, TICK_MS } from './agent.ts';
import { CommandDesk, type CommandKinds } from './command-desk.ts';
import { FactOutbox } from './fact-outbox.ts';
import { HealthReporter } from './health-reporter.ts';
import type { AgentMetrics } from './metrics.ts';
import type { FactSink } from './ports.ts';
import { Vigil } from './vigil.ts';

/** Time for the last facts and the last report to get out, in milliseconds. */
const SHUTDOWN_FLUSH_MS = 3_000;

export interface AgentDependencies {
  readonly sink: FactSink;
  readonly clock: Clock;
  readonly log: Logger;
  /** Absent: a registry of its own. */
  readonly metrics?: Registry;
}

export interface AgentSettings {
  readonly agentId: string;
  readonly kind: AgentKind;
  readonly region: string;
  readonly location: string;
  /** Absent: it carries without a lease. */
  readonly leaseMs?: number;
  /** Two looks at the clock further apart than this mean that the process was asleep. */
  readonly asleepMs: number;
  readonly reportIntervalMs: number;
  readonly factsWaiting: number;
  readonly softwareVersion: string;
}

/** What is known once it listens. */
export interface Carrying {
  /** Where it is dialled. */
  readonly address: string;
  readonly serverGroup?: string;
  /** The first acknowledged report of each incarnation: from here on this agent can be placed. */
  readonly acknowledged?: () => void;
}

/** The life of an agent in its process: facts, reports, commands and time, around what it carries. */
export class AgentRun<Metrics extends AgentMetrics, C extends NamedCommand> {
  readonly agent: AgentContext<Metrics>;
  readonly desk: CommandDesk<C>;
  readonly reporter: HealthReporter;
  private ticker: NodeJS.Timeout | undefined;

  private constructor(
    agent: AgentContext<Metrics>,
    reporter: HealthReporter,
    private readonly carrier: Carrier<C>,
    kinds: CommandKinds,
  ) {
    this.agent = agent;
    this.reporter = reporter;
    this.desk = new CommandDesk(agent, carrier, kinds);
  }

  /** @param carry makes what carries, and says where it listens. */
  static async create<Metrics extends AgentMetrics, Made extends Carrier<C>, C extends NamedCommand>(
    settings: AgentSettings,
    { sink, clock, log }: AgentDependencies,
    metrics: Metrics,
    kinds: CommandKinds,
    carry: (agent: AgentContext<Metrics>) => Promise<{ carrier: Made; carrying: Carrying }>,
  ): Promise<{ run: AgentRun<Metrics, C>; carrier: Made }> {
    const { agentId, kind, region, leaseMs, asleepMs, softwareVersion } = settings;
    const source = spiffeId(region, kind, agentId);
    const lease = leaseMs === undefined ? {} : { leaseMs };
    const vigil = new Vigil({ clock, asleepMs, ...lease });
    const facts = new FactOutbox(sink, clock, log, {
      topic: topicName(region, TOPIC.connectionStatus),
      source,
      maxWaiting: settings.factsWaiting,
      dropped: () => metrics.factsDropped.inc({ reason: 'buffer-full' }),
    });
    let reporter: HealthReporter | undefined;
    const changed = (): void => reporter?.want();
    const agent = { identity: { agentId, kind, region }, clock, log, vigil, facts, metrics, changed };
    const { carrier, carrying } = await carry(agent);
    const { address, serverGroup, acknowledged = () => {} } = carrying;
    reporter = new HealthReporter(sink, agent, carrier, {
      topic: topicName(region, TOPIC.healthReports),
      source,
      intervalMs: settings.reportIntervalMs,
      location: settings.location,
      address,
      softwareVersion,
      acknowledged,
      ...lease,
      ...(serverGroup === undefined ? {} : { serverGroup }),
    });
    const run = new AgentRun(agent, reporter, carrier, kinds);
    run.watch();
    return { run, carrier };
  }

  /** Begins to report, and so to be placed on. */
  start(): void {
    this.ticker ??= setInterval(() => {
      this.agent.vigil.look();
      this.carrier.tick();
      this.reporter.tick();
    }, TICK_MS);
  }

  /** Takes nothing more on, and says so in its reports; what it carries goes on. */
  drain(): void {
    this.desk.drain();
    this.reporter.drain();
    this.reporter.want();
  }

  /** Stops carrying, says so, and returns when that is out or the time for it is over. */
  async stop(): Promise<void> {
    const { facts, metrics, log } = this.agent;
    clearInterval(this.ticker);
    this.drain();
    this.carrier.stopAll('shutdown');
    await Promise.race([
      Promise.all([facts.flush(SHUTDOWN_FLUSH_MS), this.reporter.send()]),
      new Promise((resolve) => setTimeout(resolve, SHUTDOWN_FLUSH_MS).unref()),
    ]);
    facts.close();
    if (facts.length === 0) return;
    metrics.factsDropped.inc({ reason: 'shutdown' }, facts.length);
    log.error({ facts: facts.length }, 'facts were dropped: Kafka did not take them in time');
  }

  private watch(): void {
    const { vigil, facts, metrics, log } = this.agent;
    vigil.watch({
      stop: (reason) => {
        log.error({ reason }, 'everything carried stops');
        this.carrier.stopAll(reason);
      },
      begun: (incarnation) => {
        log.warn({ incarnation }, 'a new incarnation begins');
        this.reporter.want();
      },
    });
    metrics.gauge('carrying', 'Connections whose path stands', () => this.carrier.carrying);
    metrics.gauge('capacity', 'Connections it takes at most', () => this.carrier.capacity);
    metrics.gauge('facts_waiting', 'Facts that wait for Kafka', () => facts.length);
  }
}
