import {
  type ConnectionHealth,
  checkKey,
  type DeadLetterReason,
  type HealthReport,
  parseMessage,
  REPORTS,
  TOPIC,
  topicName,
} from '#libs/contracts';
import { health } from '#libs/domain';
import {
  type Batch,
  type Consumer,
  deadLetter,
  type Follower,
  followLog,
  forwarded,
  type Log,
  type LogObserver,
  type LogRecord,
  type OutgoingEvent,
  putAside,
  type TopicPartition,
  wasForwarded,
} from '#libs/log';
import type { Clock, Logger } from '#libs/platform';
import { MonitorFacts } from './facts.ts';
import { PlacedFold, type PlacedLives } from './placed.ts';
import { SilenceWatch } from './silence-watch.ts';

/** How often silence is looked for, in milliseconds. */
const WATCH_INTERVAL_MS = 1_000;
/** Conditions kept of connections that the log has no placement of, at most. */
const CONDITIONS_UNPLACED = 1_000;

export interface HealthMonitorOptions {
  readonly region: string;
  readonly regions: readonly string[];
  readonly partitions: number;
  /** Reports so old are read at start, in milliseconds. */
  readonly fleetAgeMs: number;
  readonly leaseMarginMs: number;
  /** Silence is looked for so often, in milliseconds; default 1,000. */
  readonly watchIntervalMs?: number;
}

/** What a batch of reports changes in what the monitor remembers. */
interface Judged {
  readonly conditions: Map<string, health.Condition>;
  readonly returned: Map<string, string>;
}

/** The agent whose reports speak of a link: `<client_id>:<name>`. */
const clientOf = (connectionId: string): string => connectionId.slice(0, connectionId.indexOf(':'));

/** Watches this region's agents by their reports; says what it sees as facts, and decides nothing. */
export class HealthMonitorPart {
  private readonly topic: string;
  private readonly facts: MonitorFacts;
  private readonly watch: SilenceWatch;
  private readonly fold: PlacedFold;
  private readonly conditions = new Map<string, health.Condition>();
  private readonly returned = new Map<string, string>();
  private reports: Consumer | undefined;
  private followers: Follower[] = [];
  private watching: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private owned: ReadonlySet<number> = new Set();
  private caughtUp = false;
  private truthUnread = false;
  /** Asked at each assignment: a partition taken over is read from a little before then. */
  private readonly recently: { readonly timeMs: number };

  constructor(
    private readonly log: Log,
    private readonly options: HealthMonitorOptions,
    private readonly deps: { clock: Clock; logger: Logger; observer: LogObserver },
  ) {
    this.topic = topicName(options.region, TOPIC.healthReports);
    this.facts = new MonitorFacts(options.region, options.partitions);
    this.watch = new SilenceWatch(options.leaseMarginMs);
    this.fold = new PlacedFold(options.region);
    const { clock } = deps;
    this.recently = {
      get timeMs() {
        return clock.wallMs() - options.fleetAgeMs;
      },
    };
  }

  async start(): Promise<void> {
    const { observer } = this.deps;
    this.followers = await Promise.all(
      this.options.regions.map((region) =>
        followLog(this.log, {
          topic: topicName(region, TOPIC.controllerEvents),
          observer,
          onDecisions: async ({ decisions }) => {
            for (const decision of decisions) this.fold.take(decision);
          },
          onStopped: (error) => {
            this.truthUnread = true;
            this.deps.logger.fatal({ err: error }, 'the log could not be read');
          },
        }),
      ),
    );
    await Promise.all(this.followers.map((follower) => follower.caughtUp()));
    this.reports = await this.log.consumeGroup({
      groupId: `${this.options.region}.health-monitor`,
      topics: [this.topic],
      startAt: this.recently,
      parse: parseMessage,
      onAssigned: (partitions) => this.own(partitions),
      onRevoked: (partitions) => this.disown(partitions),
      onBatch: (batch) => this.takeReports(batch),
    });
    await this.reports.caughtUp();
    this.caughtUp = true;
    this.timer = setInterval(() => this.look(), this.options.watchIntervalMs ?? WATCH_INTERVAL_MS);
  }

  /** Ready: the log and the reports were read up to now, and can still be read. */
  state(): { ready: boolean; partitions: number; stopped: boolean } {
    const stopped = this.truthUnread;
    return { ready: this.caughtUp && !stopped, partitions: this.owned.size, stopped };
  }

  /** Whether a report of any life of this agent was taken here. */
  hasHeard(agentId: string): boolean {
    return this.watch.knows(agentId);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.watching;
    await this.reports?.stop();
    await Promise.all(this.followers.map((follower) => follower.stop()));
  }

  /** What a batch changes is kept only once what it says was published: a batch that fails is given again. */
  private async takeReports(batch: Batch): Promise<void> {
    const staged: Judged = { conditions: new Map(), returned: new Map() };
    const said: OutgoingEvent[] = [];
    for (const record of batch.records) {
      const report = await this.readable(record);
      if (report) said.push(...this.takeReport(report, record.raw.timestampMs, staged));
    }
    if (said.length > 0) await this.log.publish(said);
    for (const [id, condition] of staged.conditions) this.conditions.set(id, condition);
    for (const [id, incarnation] of staged.returned) this.returned.set(id, incarnation);
  }

  /** The report, if it is one and stands where it belongs; otherwise it is put aside, or sent to its partition. */
  private async readable(record: LogRecord): Promise<HealthReport | undefined> {
    if (!record.readable) {
      await this.deadLetter(record, record.reason);
      return undefined;
    }
    const report = record.data as HealthReport;
    const problem = checkKey(REPORTS['health-report'], report, record.key);
    if (problem) {
      await this.deadLetter(record, problem.reason);
      return undefined;
    }
    const own = this.log.partitionOf(record.key, this.options.partitions);
    if (own === record.partition) return report;
    await this.sendOn(record, own);
    return undefined;
  }

  /** A report read late, after a pause or a rebalance, says that the agent lived; how things stood then is over. */
  private takeReport(report: HealthReport, reportedMs: number, staged: Judged): OutgoingEvent[] {
    const { agent_id, incarnation, lease_ms } = report;
    if (this.isOurs(agent_id)) this.watch.heard(agent_id, incarnation, lease_ms, this.deps.clock.bootMs());
    if (this.deps.clock.wallMs() - reportedMs > this.options.fleetAgeMs) return [];
    const carriesLinks = report.kind === 'client-sidecar';
    const said = carriesLinks ? report.connections.flatMap((each) => this.assess(report, each, staged)) : [];
    return [...said, ...this.welcome(report, staged)];
  }

  private assess(report: HealthReport, connection: ConnectionHealth, staged: Judged): OutgoingEvent[] {
    if (connection.status !== 'active') return [];
    const { connection_id, epoch } = connection;
    const score = health.connectionScore(connection);
    const before = staged.conditions.get(connection_id) ?? this.conditions.get(connection_id);
    const known = before ?? this.fold.conditionOf(connection_id, epoch);
    const { condition, became } = health.assess(known, epoch, score.score);
    staged.conditions.set(connection_id, condition);
    return became ? [this.facts.condition(report, connection, { became, score })] : [];
  }

  /**
   * A new life of an agent that the log has as lost, or as draining in its life before. A broker has no lease that could
   * have ended its life, so it comes back in the one that was declared silent.
   */
  private welcome(report: HealthReport, staged: Judged): OutgoingEvent[] {
    const logged = this.fold.agent(report.agent_id);
    if (!logged) return [];
    const isSame = logged.incarnation === report.incarnation;
    if (isSame && (logged.condition !== 'lost' || report.kind !== 'broker')) return [];
    const welcomed = staged.returned.get(report.agent_id) ?? this.returned.get(report.agent_id);
    if (welcomed === report.incarnation) return [];
    staged.returned.set(report.agent_id, report.incarnation);
    return this.facts.returned(report);
  }

  private async sendOn(record: LogRecord, partition: number): Promise<void> {
    if (wasForwarded(record)) return this.deadLetter(record, 'wrong-partition');
    const written = forwarded(record, partition);
    if (!written) return this.deadLetter(record, 'oversized');
    await putAside(this.log, [{ record, written }]);
    this.deps.observer.forwarded?.(record.topic);
  }

  private async deadLetter(record: LogRecord, reason: DeadLetterReason): Promise<void> {
    await putAside(this.log, [{ record, written: deadLetter(record, reason) }]);
    this.deps.observer.deadLettered?.(record.topic, reason);
  }

  private look(): void {
    this.watching ??= this.declareSilent()
      .catch((error) => this.deps.observer.failed?.('health-monitor', error))
      .finally(() => {
        this.watching = undefined;
      });
  }

  /** Silence is declared only after reading up to a high watermark fetched after the deadline: we may have slept. */
  private async declareSilent(): Promise<void> {
    const { clock, logger } = this.deps;
    const nowMs = clock.bootMs();
    this.watch.expect(this.ours(this.fold.livesPlaced()), nowMs);
    this.forgetEnded();
    const due = this.watch.due(nowMs);
    if (due.length === 0) return;
    await this.reports?.caughtUp();
    for (const life of due) {
      if (!this.watch.stillDue(life) || !this.isOurs(life.agent_id)) continue;
      const silentMs = nowMs - life.sinceMs;
      await this.log.publish(this.facts.silent(life, silentMs));
      this.watch.markDeclared(life);
      this.returned.delete(life.agent_id);
      logger.warn({ agent_id: life.agent_id, incarnation: life.incarnation, silentMs }, 'agent silent');
    }
  }

  /** Welcomes that the log has heard of; and connections that are no more, when there are many: a report may be ahead of it. */
  private forgetEnded(): void {
    for (const [agentId, incarnation] of this.returned) {
      const logged = this.fold.agent(agentId);
      if (!logged || logged.incarnation === incarnation) this.returned.delete(agentId);
    }
    if (this.conditions.size <= this.fold.placed + CONDITIONS_UNPLACED) return;
    for (const id of this.conditions.keys()) if (!this.fold.isPlaced(id)) this.conditions.delete(id);
  }

  private ours(placed: PlacedLives): PlacedLives {
    return new Map([...placed].filter(([agentId]) => this.isOurs(agentId)));
  }

  private isOurs(agentId: string): boolean {
    return this.owned.has(this.log.partitionOf(agentId, this.options.partitions));
  }

  private own(partitions: readonly TopicPartition[]): void {
    this.owned = new Set([...this.owned, ...partitions.map((each) => each.partition)]);
  }

  private disown(partitions: readonly TopicPartition[]): void {
    const left = new Set(partitions.map((each) => each.partition));
    this.owned = new Set([...this.owned].filter((partition) => !left.has(partition)));
    this.watch.drop((agentId) => this.isOurs(agentId));
    // Whoever has them next begins with what the log says; so do we, should they come back.
    for (const agentId of this.returned.keys()) if (!this.isOurs(agentId)) this.returned.delete(agentId);
    for (const id of this.conditions.keys()) if (!this.isOurs(clientOf(id))) this.conditions.delete(id);
  }
}
