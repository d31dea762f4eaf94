import { checkKey, type HealthReport, parseMessage, REPORTS, TOPIC, topicName } from '#libs/contracts';
import { link, loop, session } from '#libs/domain';
import {
  type Batch,
  type Consumer,
  type ControlLoop,
  type Log,
  type LogObserver,
  type OutgoingEvent,
  runControlLoop,
} from '#libs/log';
import { type Clock, type Logger, NO_TRACING, type Registry, type Tracing } from '#libs/platform';
import type { Peer } from '../failover/peer-client.ts';
import { AggregateCounts } from './aggregate-counts.ts';
import { AnswerOutbox } from './answer-outbox.ts';
import { type DecisionObserver, decisionObserver } from './decision-observer.ts';
import { controlLoopDefinition } from './definition.ts';
import { fleetMetrics, partitionMetrics } from './loop-metrics.ts';
import { PeerQuestions } from './peer-questions.ts';

/** Waiting links look again so long after the fleet got better, in milliseconds. */
const WAKE_AFTER_MS = 10;
/** How often the fleet is looked over for overdue agents, in milliseconds. */
const FLEET_TICK_MS = 500;

export interface ControlLoopOptions {
  readonly region: string;
  readonly regions: readonly string[];
  readonly partitions: number;
  /** The fleet is what was reported within, in milliseconds. */
  readonly fleetAgeMs: number;
  readonly peerDeadlineMs: number;
  readonly reservationMs: number;
}

export interface ControlLoopGiven {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: LogObserver;
  readonly metrics: Registry;
  /** Absent: no spans. */
  readonly tracing?: Tracing;
  /** The controllers of other regions that can be asked for a server, by region. */
  readonly peers: ReadonlyMap<string, Peer>;
}

/** Decides for the connections whose home is this region; the only writer of its log. */
export class ControlLoopPart {
  private loop: ControlLoop<loop.Aggregate> | undefined;
  private reports: Consumer | undefined;
  private ticking: NodeJS.Timeout | undefined;
  private waking: NodeJS.Timeout | undefined;
  private fleetKnown = false;
  private readonly fleet: loop.FleetView;
  private readonly answers: AnswerOutbox;
  private readonly questions: PeerQuestions;
  private readonly counts: AggregateCounts;
  private readonly decided: DecisionObserver;

  constructor(
    private readonly log: Log,
    private readonly options: ControlLoopOptions,
    private readonly deps: ControlLoopGiven,
  ) {
    const { clock, logger, metrics, peers, tracing = NO_TRACING } = deps;
    const improved = () => this.fleetImproved();
    const leaving = (broker: string) => this.brokerLeaves(broker);
    this.fleet = new loop.FleetView(improved, options.fleetAgeMs, new Set(peers.keys()), leaving);
    this.answers = new AnswerOutbox(log, logger);
    const publish = (fact: OutgoingEvent) => this.answers.add(fact);
    const { region } = options;
    this.questions = new PeerQuestions({ region, peers, publish, clock, logger, metrics, tracing });
    this.counts = new AggregateCounts(metrics);
    this.decided = decisionObserver(region, metrics, logger);
    partitionMetrics(metrics, () => this.loop?.partitions() ?? []);
    fleetMetrics(metrics, region, () => this.fleet.agents.values());
  }

  /** The fleet is read first: a loop that knows no server would refuse links that have one. */
  async start(): Promise<void> {
    const { clock, observer } = this.deps;
    this.reports = await this.log.tail({
      topics: this.options.regions.map((region) => topicName(region, TOPIC.healthReports)),
      from: { timeMs: clock.wallMs() - this.options.fleetAgeMs },
      parse: parseMessage,
      onBatch: async (batch) => this.takeReports(batch),
    });
    await this.reports.caughtUp();
    this.fleetKnown = true;
    this.ticking = setInterval(() => this.fleet.tick(clock.wallMs()), FLEET_TICK_MS);
    const definition = controlLoopDefinition({
      ...this.options,
      fleet: this.fleet,
      partitionOf: (key, partitions) => this.log.partitionOf(key, partitions),
      nowMs: () => clock.wallMs(),
      unaskable: (region) => this.questions.unaskable(region),
      changed: (key, previous, next, trace) => {
        this.counts.changed(previous, next);
        this.questions.changed(key, next, trace);
      },
    });
    this.loop = await runControlLoop(this.log, definition, { observer: { ...observer, ...this.decided } });
  }

  /** Ready: the fleet is known and each assigned partition is owned. */
  state(): { ready: boolean; partitions: number; stopped: number } {
    const owned = this.loop?.partitions() ?? [];
    const stopped = owned.filter((each) => each.phase === 'stopped').length;
    const ready = this.fleetKnown && stopped === 0 && (this.loop?.ready() ?? false);
    return { ready, partitions: owned.length, stopped };
  }

  async stop(): Promise<void> {
    clearInterval(this.ticking);
    clearTimeout(this.waking);
    this.questions.stop();
    await this.loop?.stop();
    await this.answers.flushed();
    for (const peer of this.deps.peers.values()) peer.close();
    await this.reports?.stop();
  }

  private takeReports(batch: Batch): void {
    const nowMs = this.deps.clock.wallMs();
    for (const record of batch.records) {
      if (!record.readable || record.name !== 'health-report') continue;
      if (checkKey(REPORTS['health-report'], record.data as HealthReport, record.key)) continue;
      const reportedMs = Math.min(record.raw.timestampMs, nowMs);
      this.fleet.take(record.data as HealthReport, reportedMs, nowMs);
    }
  }

  /** Its sessions are told to go elsewhere, one by one. */
  private brokerLeaves(broker: string): void {
    this.loop?.wake((_key, each) => each.kind === 'session' && session.standsAt(each.state, broker));
  }

  /** Waking looks at every link, and a batch of reports may improve the fleet many times. */
  private fleetImproved(): void {
    this.waking ??= setTimeout(() => {
      this.waking = undefined;
      this.loop?.wake((_key, aggregate) => aggregate.kind === 'link' && link.waitsForFleet(aggregate.state));
    }, WAKE_AFTER_MS);
  }
}
