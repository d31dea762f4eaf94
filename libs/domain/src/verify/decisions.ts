import {
  AGENT_DECISIONS,
  type DecisionBase,
  type Evidence,
  LINK_DECISIONS,
  type LinkDecision,
  type ReservationDecision,
  regionOfTopic,
  type SessionDecision,
  type SidecarCommand,
} from '#libs/contracts';
import type { FactBook } from './facts.ts';
import type { Findings } from './findings.ts';
import { foldLink } from './fold.ts';
import { type EpochBy, emptyHistory, type IssuedCommand, type LinkHistory } from './history.ts';
import { SessionBook } from './sessions.ts';
import type { AuditRecord, Witness } from './types.ts';

const LINK_NAMES: ReadonlySet<string> = new Set(LINK_DECISIONS);
const AGENT_NAMES: ReadonlySet<string> = new Set(AGENT_DECISIONS);

interface Numbered {
  readonly version: number;
  readonly by: Witness;
}

interface Citation {
  readonly subject: string;
  readonly by: Witness;
  readonly evidence: Evidence;
}

/** The decisions that count, folded; and those that do not, because their commands must not have left. */
export class DecisionBook {
  count = 0;
  voided = 0;
  readonly issued = new Map<string, IssuedCommand>();
  readonly voidCommands = new Map<string, Witness>();
  readonly sessions: SessionBook;
  /** When the latest decision was taken, by decision time. */
  latestMs = 0;
  private readonly histories = new Map<string, LinkHistory>();
  private readonly versions = new Map<string, Numbered>();
  private readonly reserved = new Map<string, EpochBy>();
  private readonly citations: Citation[] = [];
  private readonly firstOffsets = new Map<string, number>();

  constructor(private readonly findings: Findings) {
    this.sessions = new SessionBook(findings);
  }

  add(record: AuditRecord): void {
    const { place, name, timeMs, key } = record;
    const witness: Witness = { place, name, timeMs };
    const data = record.data as DecisionBase;
    const partition = `${place.topic}/${place.partition}`;
    if (!this.firstOffsets.has(partition)) this.firstOffsets.set(partition, place.offset);
    if (record.void !== undefined) {
      this.voided += 1;
      for (const { command_id } of data.commands ?? []) this.voidCommands.set(command_id, witness);
      return;
    }
    this.count += 1;
    this.latestMs = Math.max(this.latestMs, timeMs);
    const isAfterGap = this.number(record, data.version, witness, partition);
    for (const evidence of data.evidence) {
      if (evidence.offset !== undefined) this.citations.push({ subject: key, by: witness, evidence });
    }
    const ofSession = record.data as SessionDecision;
    if (ofSession.kind === 'session') this.sessions.add(record, ofSession, isAfterGap, this.issued);
    else if (LINK_NAMES.has(name)) this.onLink(record, data as LinkDecision, isAfterGap, witness);
    else if (name === 'server-reserved') this.onReserved(record, data as ReservationDecision, witness);
    else if (AGENT_NAMES.has(name)) this.onAgent(key, data, witness);
  }

  /** Every link that anything was decided on. */
  links(): Iterable<LinkHistory> {
    return this.histories.values();
  }

  link(home: string, connectionId: string): LinkHistory | undefined {
    return this.histories.get(`${home} ${connectionId}`);
  }

  /** Evidence that stands elsewhere, or nowhere. */
  checkEvidence(facts: FactBook): number {
    let unjudged = 0;
    for (const { subject, by, evidence } of this.citations) {
      const { kind } = facts.cited(evidence);
      if (kind === 'unread') unjudged += 1;
      if (kind !== 'other') continue;
      const place = `${evidence.topic}/${evidence.partition}@${evidence.offset}`;
      const detail = `it cites ${evidence.type} ${evidence.event_id} at ${place}, where that does not stand`;
      this.findings.add('evidence-differs', subject, detail, by, {
        place: {
          topic: evidence.topic ?? '',
          partition: evidence.partition ?? 0,
          offset: evidence.offset ?? 0,
        },
        name: evidence.type,
        timeMs: Date.parse(evidence.time ?? ''),
      });
    }
    return unjudged;
  }

  /** Whether decisions are missing before this one. */
  private number({ place, key }: AuditRecord, version: number, by: Witness, partition: string): boolean {
    const aggregate = `${place.topic} ${key}`;
    const known = this.versions.get(aggregate);
    this.versions.set(aggregate, { version, by });
    // What stood before the first record that is kept, nobody can say.
    const isCut = known === undefined && (this.firstOffsets.get(partition) ?? 0) > 0;
    if (isCut || version === (known?.version ?? 0) + 1) return isCut && version > 1;
    const detail = `version ${version} follows ${known === undefined ? 'nothing' : `version ${known.version}`}`;
    this.findings.add('version-gap', key, detail, by, known?.by);
    return true;
  }

  private onLink(record: AuditRecord, data: LinkDecision, isAfterGap: boolean, by: Witness): void {
    const home = regionOfTopic(record.place.topic);
    const id = `${home} ${record.key}`;
    const history = this.histories.get(id) ?? emptyHistory(record.key, home);
    this.histories.set(id, history);
    const before = history.state;
    if (isAfterGap) {
      const fromEpoch = before === undefined ? 0 : before.epoch + 1;
      const fromVersion = (before?.version ?? 0) + 1;
      history.gaps.push({ fromVersion, toVersion: data.version - 1, fromEpoch, toEpoch: data.epoch });
    }
    this.note(record.key, data.commands, by);
    foldLink(history, record, isAfterGap, this.findings);
  }

  private onAgent(key: string, data: DecisionBase, by: Witness): void {
    this.note(key, data.commands, by);
    if ((data as { agent_id?: string }).agent_id === key) return;
    this.findings.add('state-differs', key, 'it is on another agent than its key says', by);
  }

  private note(key: string, commands: readonly SidecarCommand[], by: Witness): void {
    for (const command of commands) {
      const earlier = this.issued.get(command.command_id);
      const detail = `${command.command_id} is issued a second time`;
      if (earlier) this.findings.add('state-differs', key, detail, by, earlier.by);
      else this.issued.set(command.command_id, { command, by });
    }
  }

  /** The peer: a later epoch replaces an earlier reservation, never the other way round. */
  private onReserved({ place, key }: AuditRecord, { epoch }: ReservationDecision, by: Witness): void {
    const id = `${place.topic} ${key}`;
    const highest = this.reserved.get(id);
    if (highest === undefined || epoch >= highest.epoch) {
      this.reserved.set(id, { epoch, by });
      return;
    }
    const detail = `epoch ${epoch} is reserved after epoch ${highest.epoch}`;
    this.findings.add('epoch-went-back', key, detail, by, highest.by);
  }
}
