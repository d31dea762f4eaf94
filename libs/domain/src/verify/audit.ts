import { baseOfTopic, TIMING, TOPIC } from '#libs/contracts';
import { CarryingBook } from './carrying.ts';
import { CommandBook } from './commands.ts';
import { DecisionBook } from './decisions.ts';
import { justifies } from './ends.ts';
import { FactBook } from './facts.ts';
import { FateBook } from './fates.ts';
import { Findings, textOf } from './findings.ts';
import type { LinkHistory } from './history.ts';
import { ReportBook } from './reports.ts';
import {
  AUDIT_LIMITS,
  type AuditOptions,
  type AuditRecord,
  type AuditReport,
  type FateRecord,
} from './types.ts';

/**
 * Holds a log against its invariants. Records may come in any order of topics and partitions, but in order within a
 * partition; what needs both sides of a story is looked at once all was read. It keeps every fact, command and
 * request that it was given, and of decisions what they left, so a caller bounds it by what it gives.
 */
export class Audit {
  private readonly findings = new Findings();
  private readonly facts = new FactBook();
  private readonly decisions = new DecisionBook(this.findings);
  private readonly commands = new CommandBook(this.findings);
  private readonly reports = new ReportBook();
  private readonly fates = new FateBook();
  private readonly clockSkewMs: number;
  private readonly underWayMs: number;

  constructor(options: AuditOptions = {}) {
    this.clockSkewMs = options.clockSkewMs ?? TIMING.clockSkewMs;
    this.underWayMs = options.underWayMs ?? AUDIT_LIMITS.underWayMs;
  }

  /** A record of `controller-events` (claims left out), `connection-status`, the command topics or `health-reports`. */
  take(record: AuditRecord): void {
    switch (baseOfTopic(record.place.topic)) {
      case TOPIC.controllerEvents:
        this.decisions.add(record);
        return;
      case TOPIC.connectionStatus:
        this.facts.add(record);
        return;
      case TOPIC.failoverCommands:
      case TOPIC.relayCommands:
        this.commands.add(record);
        return;
      case TOPIC.healthReports:
        this.reports.add(record);
        return;
      default:
        throw new Error(`${textOf(record.place)}: no topic that is audited`);
    }
  }

  /** A record of `connection-status` that no decider would take: it is only known to have been read. */
  passOver(record: Pick<AuditRecord, 'place'>): void {
    this.facts.saw(record.place);
  }

  takeFate(fate: FateRecord): void {
    this.fates.add(fate);
  }

  /** Once, after everything was taken. */
  report(): AuditReport {
    const { findings, decisions, facts, commands, reports, fates } = this;
    const carrying = new CarryingBook(decisions, findings);
    for (const known of facts.kept()) {
      if (known.fact.name === 'relay-opened') decisions.sessions.opened(known);
      else carrying.add(known);
      commands.addAnswer(known);
    }
    const endMs = Math.max(decisions.latestMs, commands.latestMs, reports.latestMs);
    for (const history of decisions.links()) this.checkEndings(history);
    carrying.check(reports, this.clockSkewMs);
    reports.checkKnown(decisions, findings);
    commands.check(decisions, endMs, this.underWayMs);
    decisions.sessions.check(commands, endMs, this.underWayMs);
    const unjudged = decisions.checkEvidence(facts);
    fates.check(this.underWayMs, findings);
    return {
      violations: findings.violations,
      found: findings.found,
      counts: {
        decisions: decisions.count,
        voided: decisions.voided,
        facts: facts.count,
        commands: commands.count,
        reports: reports.count,
        requests: fates.count,
        unjudged,
      },
    };
  }

  /** A placement is given up only for a fact that ends it, and that fact stands in the log. */
  private checkEndings({ endings, connectionId }: LinkHistory): void {
    for (const { before, epoch, given, by, evidence } of endings) {
      const cited = evidence?.offset === undefined ? undefined : this.facts.cited(evidence);
      // What is not there, or lies outside what was read, is told of as evidence.
      if (cited !== undefined && cited.kind !== 'found') continue;
      const known = cited?.known;
      if (known !== undefined && justifies(before, known.fact)) continue;
      const why =
        known === undefined ? evidence?.type : `${known.fact.name} at ${textOf(known.witness.place)}`;
      const detail = `the placement of epoch ${epoch} is given up for ${why}, which ends nothing`;
      this.findings.add('two-active', connectionId, detail, by, known?.witness ?? given);
    }
  }
}
