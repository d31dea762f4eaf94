import { TOPIC, topicName } from '#libs/contracts';
import type { Log, LogObserver } from '#libs/log';
import type { Clock } from '#libs/platform';
import type { RegistryWriter } from '#libs/registry';
import type { PartState } from '../core/readiness.ts';
import { allDone } from './all-done.ts';
import { DecisionStream } from './decision-stream.ts';
import type { ProjectorObserver } from './observer.ts';
import { Pulse } from './pulse.ts';
import { ReportStream } from './report-stream.ts';
import { Sweep } from './sweep.ts';

/** Positions are compared, and reports written, so often, in milliseconds. */
const BEAT_MS = 1_000;
/** What could not be started is tried again after, in milliseconds. */
const RETRY_MS = 500;
/** The first sweep comes at the latest so long after the start, in milliseconds. */
const FIRST_SWEEP_MS = 60_000;

export interface ProjectorOptions {
  readonly region: string;
  readonly regions: readonly string[];
  readonly partitions: number;
  /** Between two sweeps; 0: none. */
  readonly sweepMs: number;
}

export interface ProjectorDeps {
  readonly log: Log;
  readonly registry: RegistryWriter;
  readonly clock: Clock;
  readonly observer: ProjectorObserver;
  readonly logObserver: LogObserver;
}

/** Folds every region's decisions and reports into the registry; decides nothing. */
export class ProjectorPart {
  private readonly reports: ReportStream;
  private streams: DecisionStream[] = [];
  private wanted: readonly number[] = [];
  private followed: readonly number[] | undefined;
  /** What hinders the projector now, if anything. */
  private trouble: string | undefined = 'starting';
  private readonly beating = new Pulse(() => this.attempt('beat', BEAT_MS, () => this.beat()));
  private readonly sweeping: Pulse;

  constructor(
    private readonly options: ProjectorOptions,
    private readonly deps: ProjectorDeps,
  ) {
    const { log, registry, observer, logObserver, clock } = deps;
    this.reports = new ReportStream(
      log,
      registry,
      {
        groupId: `${options.region}.projector`,
        topics: options.regions.map((region) => topicName(region, TOPIC.healthReports)),
        nowMs: () => clock.wallMs(),
        onPartitions: (partitions) => {
          this.wanted = partitions;
          this.beating.wake();
        },
      },
      { projector: observer, log: logObserver },
    );
    const sweep = new Sweep(deps, options.partitions);
    this.sweeping = new Pulse(() => this.attempt('sweep', options.sweepMs, () => sweep.run(this.streams)));
  }

  /** Returns at once; state() says when it stands. */
  start(): void {
    this.beating.start();
    const { sweepMs } = this.options;
    if (sweepMs > 0) this.sweeping.start(Math.min(sweepMs, FIRST_SWEEP_MS));
    void this.reports.start().catch((error: unknown) => this.deps.observer.failed(String(error)));
  }

  async stop(): Promise<void> {
    await Promise.all([this.beating.stop(), this.sweeping.stop()]);
    await this.reports.stop();
    await this.unfollow();
  }

  state(): PartState {
    const failures = this.streams.flatMap((stream) => stream.failures());
    const positions = this.streams.flatMap((stream) => stream.positions());
    const rebuilding = positions.filter(({ whole }) => !whole).length;
    const trouble = failures[0] ?? this.trouble;
    const ready = trouble === undefined && this.reports.joined && rebuilding === 0 && this.settled();
    const partitions = this.followed?.length ?? 0;
    return { ready, partitions, rebuilding, ...(trouble !== undefined && { trouble }) };
  }

  private settled(): boolean {
    return this.followed !== undefined && same(this.followed, this.wanted);
  }

  /** One look at everything: the partitions that are ours, the positions in Redis, the reports to be written. */
  private async beat(): Promise<void> {
    if (!this.settled()) await this.follow();
    for (const stream of this.streams) await stream.check();
    await this.reports.check();
    const whole = await this.connectionsWhole();
    await this.reports.flush({ connections: whole });
  }

  private async follow(): Promise<void> {
    await this.unfollow();
    const partitions = this.wanted;
    this.streams = this.eventTopics().map(
      (topic) =>
        new DecisionStream(this.deps.log, this.deps.registry, topic, this.deps.observer, () =>
          this.deps.clock.wallMs(),
        ),
    );
    if (partitions.length > 0) await allDone(this.streams.map((stream) => stream.start(partitions)));
    this.followed = partitions;
  }

  private async unfollow(): Promise<void> {
    this.followed = undefined;
    await Promise.all(this.streams.map((stream) => stream.stop()));
    this.streams = [];
  }

  private eventTopics(): string[] {
    return this.options.regions.map((region) => topicName(region, TOPIC.controllerEvents));
  }

  /** Of every process's partitions: a connection's rows and its client's reports may be on different ones. */
  private connectionsWhole(): Promise<boolean> {
    return this.deps.registry.whole(this.eventTopics(), this.options.partitions);
  }

  /** A failure is told once, and tried again. */
  private async attempt(what: 'beat' | 'sweep', pauseMs: number, run: () => Promise<void>): Promise<number> {
    try {
      await run();
      if (what === 'beat') this.trouble = undefined;
      return pauseMs;
    } catch (error) {
      const trouble = (error as Error).message;
      if (what === 'sweep' || this.trouble !== trouble) this.deps.observer.retrying(what, error);
      if (what === 'beat') this.trouble = trouble;
      return Math.min(pauseMs, RETRY_MS);
    }
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
