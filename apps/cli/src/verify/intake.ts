import {
  baseOfTopic,
  checkHome,
  checkKey,
  FACTS,
  type FactName,
  type HealthReport,
  TOPIC,
} from '#libs/contracts';
import type { verify } from '#libs/domain';
import { ClaimTracker, judgeRecord, type LogRecord, type ReceivedEvent } from '#libs/log';

/** Topics that an audit reads, without their region: those that agents write before the decisions that they led to. */
export const AUDITED_FACTS = [TOPIC.connectionStatus] as const;
export const AUDITED_BY_AGENT = [TOPIC.failoverCommands, TOPIC.relayCommands, TOPIC.healthReports] as const;
export const AUDITED_TRUTH = [TOPIC.controllerEvents] as const;

interface TruthPartition {
  readonly claims: ClaimTracker;
  readonly versions: Map<string, number>;
}

/** Who is given the records: an audit, and whoever listens beside it. */
export type AuditSink = Pick<verify.Audit, 'take' | 'passOver'>;

/** Gives an audit the records as the project's own readers would take them. */
export class Intake {
  private readonly truth = new Map<string, TruthPartition>();

  constructor(
    private readonly audit: AuditSink,
    /** Which connections this audit is about; commands and reports of others are left out. */
    private readonly concerns: (connectionId: string) => boolean = () => true,
  ) {}

  /** @throws TruthUnreadable for a record of the log that counts and can't be read. */
  take(record: LogRecord): void {
    switch (baseOfTopic(record.topic)) {
      case TOPIC.controllerEvents:
        this.takeTruth(record);
        return;
      case TOPIC.connectionStatus:
        if (record.readable && isTaken(record)) this.audit.take(auditRecord(record));
        else this.audit.passOver({ place: placeOf(record) });
        return;
      case TOPIC.failoverCommands:
      case TOPIC.relayCommands:
        if (record.readable && this.concerns((record.data as { connection_id: string }).connection_id)) {
          this.audit.take(auditRecord(record));
        }
        return;
      case TOPIC.healthReports:
        if (record.readable) this.audit.take({ ...auditRecord(record), data: this.reduced(record) });
        return;
      default:
        // A slice may hold more than an audit looks at.
        return;
    }
  }

  private takeTruth(record: LogRecord): void {
    const key = `${record.topic}/${record.partition}`;
    const partition = this.truth.get(key) ?? { claims: new ClaimTracker(), versions: new Map() };
    this.truth.set(key, partition);
    const judged = judgeRecord(record, partition.claims, (of) => partition.versions.get(of) ?? 0);
    switch (judged.kind) {
      case 'claim':
        return;
      case 'void':
        if (record.readable && judged.why !== 'claim') {
          this.audit.take({ ...auditRecord(record), void: judged.why });
        }
        return;
      case 'unreadable':
        throw judged.error;
      case 'decision':
        partition.versions.set(judged.record.key, judged.version);
        this.audit.take(auditRecord(judged.record));
        return;
      default:
        judged satisfies never;
    }
  }

  private reduced({ data }: ReceivedEvent): HealthReport {
    const report = data as HealthReport;
    return { ...report, connections: report.connections.filter((each) => this.concerns(each.connection_id)) };
  }
}

/** As the control loop takes facts; whatever it would dead-letter is none. */
function isTaken({ name, data, key, topic }: ReceivedEvent): boolean {
  const definition = FACTS[name as FactName];
  if (definition === undefined) return false;
  return !checkKey(definition, data as object, key) && !checkHome(name, data as object, topic);
}

function auditRecord(record: ReceivedEvent): verify.AuditRecord {
  const { key, name, id, timeMs, data } = record;
  return { place: placeOf(record), key, name, id, timeMs, data: data as object };
}

const placeOf = ({ topic, partition, offset }: LogRecord) => ({ topic, partition, offset });
