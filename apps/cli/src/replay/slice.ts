import {
  baseOfTopic,
  checkKey,
  type Evidence,
  HEADER,
  type HealthReport,
  REPORTS,
  regionOfTopic,
  TOPIC,
} from '#libs/contracts';
import { ClaimTracker, judgeRecord, type LogRecord, partitionOf, type ReceivedEvent } from '#libs/log';
import { CliError, EXIT } from '../exit.ts';

/** Partitions of a topic that are tried at most. */
const MOST_PARTITIONS = 4_096;

/** A decision of the log that counts. */
export interface Logged {
  readonly record: ReceivedEvent;
  readonly data: LoggedData;
  /** When its input was judged, in milliseconds since 1970. */
  readonly judgedMs: number;
}

interface LoggedData {
  readonly version: number;
  readonly decided_at: string;
  readonly evidence: readonly Evidence[];
}

export interface Reported {
  readonly report: HealthReport;
  readonly atMs: number;
}

/** What a slice of the log holds, as the loops of its regions read it. */
export class SliceOfLog {
  /** By topic of decisions and partition, in the order of the log. */
  readonly truth = new Map<string, Map<number, Logged[]>>();
  /** By partition, of every region's topic; `topic/partition` within. */
  readonly facts = new Map<number, Map<string, LogRecord[]>>();
  readonly reports: Reported[] = [];
  /** Partitions that a fact or a decision stands in. */
  readonly partitions = new Set<number>();
  private readonly claims = new Map<string, { claims: ClaimTracker; versions: Map<string, number> }>();
  private readonly seen = new Map<string, number>();
  private isCut = false;

  /** @throws CliError for records that are out of order or of truth that cannot be gone through */
  take(record: LogRecord): void {
    const place = `${record.topic}/${record.partition}`;
    const before = this.seen.get(place);
    if (before !== undefined && record.offset <= before) {
      throw unusable(
        `${place}@${record.offset} comes after ${before}`,
        'it must be in the order of the log, each record once',
      );
    }
    this.seen.set(place, record.offset);
    switch (baseOfTopic(record.topic)) {
      case TOPIC.connectionStatus:
        this.partitions.add(record.partition);
        this.takeFact(record, place);
        return;
      case TOPIC.controllerEvents:
        this.partitions.add(record.partition);
        this.takeTruth(record, place);
        return;
      case TOPIC.healthReports:
        if (before === undefined && record.offset > 0) this.isCut = true;
        this.takeReport(record);
        return;
      default:
        // Commands follow from decisions, and are compared in them.
        return;
    }
  }

  /** Control regions whose decisions it holds. */
  get regions(): string[] {
    return [...this.truth.keys()].map(regionOfTopic).sort();
  }

  /** Every region that a topic of it is named for. */
  get allRegions(): string[] {
    return [...new Set([...this.seen.keys()].map(regionOfTopic))].sort();
  }

  /**
   * Into how many partitions its topics are divided, by where its decisions stand; `usual` where that fits.
   * @throws CliError where no number fits
   */
  partitionCount(usual: number): number {
    const stands = [...this.truth.values()].flatMap((partitions) =>
      [...partitions].flatMap(([partition, logged]) =>
        logged.map(({ record }) => [record.key, partition] as const),
      ),
    );
    const places = [...new Map(stands)];
    const fits = (count: number) => places.every(([key, partition]) => partitionOf(key, count) === partition);
    if (fits(usual)) return usual;
    const least = Math.max(1, ...[...this.partitions].map((partition) => partition + 1));
    for (let count = least; count <= MOST_PARTITIONS; count += 1) if (fits(count)) return count;
    throw unusable(
      'its decisions stand where no number of partitions puts them',
      'are its keys as they were?',
    );
  }

  /** Since when all agents are known by their reports: a slice that begins in the middle lacks the earlier ones. */
  fleetKnownMs(fleetAgeMs: number): number {
    if (!this.isCut) return Number.NEGATIVE_INFINITY;
    return Math.min(...this.reports.map(({ atMs }) => atMs)) + fleetAgeMs;
  }

  private takeFact(record: LogRecord, place: string): void {
    const ofPartition = this.facts.get(record.partition) ?? new Map<string, LogRecord[]>();
    this.facts.set(record.partition, ofPartition);
    const records = ofPartition.get(place) ?? [];
    ofPartition.set(place, records);
    records.push(record);
  }

  private takeTruth(record: LogRecord, place: string): void {
    const partition = this.claims.get(place) ?? { claims: new ClaimTracker(), versions: new Map() };
    this.claims.set(place, partition);
    const { versions } = partition;
    const judged = judgeRecord(record, partition.claims, (key) => versions.get(key) ?? 0);
    if (judged.kind === 'unreadable') throw judged.error;
    if (judged.kind !== 'decision') return;
    const { key } = judged.record;
    const version = (versions.get(key) ?? 0) + 1;
    if (judged.version !== version) {
      const what = `${key} has version ${judged.version} where ${version} comes next`;
      throw unusable(what, 'a slice needs every decision of its connections; trunkline export writes one');
    }
    versions.set(key, version);
    const ofTopic = this.truth.get(record.topic) ?? new Map<number, Logged[]>();
    this.truth.set(record.topic, ofTopic);
    const logged = ofTopic.get(record.partition) ?? [];
    ofTopic.set(record.partition, logged);
    const data = judged.record.data as LoggedData;
    logged.push({ record: judged.record, data, judgedMs: Date.parse(data.decided_at) });
  }

  private takeReport(record: LogRecord): void {
    if (!record.readable || record.name !== 'health-report') return;
    const report = record.data as HealthReport;
    if (checkKey(REPORTS['health-report'], report, record.key)) return;
    this.reports.push({ report, atMs: record.raw.timestampMs });
  }
}

const unusable = (what: string, hint: string): CliError =>
  new CliError(EXIT.unreadable, `the slice cannot be gone through: ${what}; ${hint}`);

/** `ce_id` of the fact that a decision was made on; undefined: time had passed. */
export const causeOf = ({ record }: Logged): string | undefined => record.headers[HEADER.causationId];
