import { baseOfTopic } from '#libs/contracts';
import { verify } from '#libs/domain';
import type { LogRecord } from '#libs/log';
import { AUDITED_BY_AGENT, type AuditSink, Intake } from './intake.ts';
import type { Ledgers } from './ledger.ts';
import { readFates, readSlice } from './read-files.ts';
import { type KafkaSource, type Pass, passesOf, readPass } from './read-kafka.ts';
import { lineOfFate, lineOfRecord } from './slice.ts';

export interface VerifyOptions extends verify.AuditOptions {
  /** Folder of the applications' fates; absent: requests are not looked at. */
  readonly data?: string;
  /** Is given every line of the slice that was read. */
  readonly exportLine?: (line: string) => void;
  /** Is given the moves of the log, their times recomputed. */
  readonly ledgers?: Ledgers;
  /** Default RECORDS_PER_PASS. */
  readonly recordsPerPass?: number;
}

const BY_AGENT: ReadonlySet<string> = new Set(AUDITED_BY_AGENT);

/** Reads the regions' topics to their present end, and says whether they keep the invariants. */
export async function verifyKafka(
  source: KafkaSource,
  options: VerifyOptions = {},
): Promise<verify.AuditReport> {
  const { partitions, passes } = await passesOf(source, options.recordsPerPass);
  const reports: verify.AuditReport[] = [];
  for (const pass of passes) reports.push(await auditPass(source, pass, partitions, options));
  const fates = new verify.Audit(options);
  if (options.data !== undefined) {
    await readFates(options.data, (fate) => {
      options.exportLine?.(lineOfFate(fate));
      fates.takeFate(fate);
    });
  }
  return together([...reports, fates.report()]);
}

/** As verifyKafka, from files that `--export` wrote; together they are one slice. */
export async function verifySlices(
  files: readonly string[],
  options: VerifyOptions = {},
): Promise<verify.AuditReport> {
  const audit = new verify.Audit(options);
  const book = new verify.LedgerBook();
  const intake = new Intake(options.ledgers === undefined ? audit : both(audit, book));
  for (const file of files) {
    await readSlice(file, {
      record: (record) => intake.take(record),
      fate: (fate) => audit.takeFate(fate),
    });
  }
  if (options.data !== undefined) await readFates(options.data, (fate) => audit.takeFate(fate));
  options.ledgers?.add(book);
  return audit.report();
}

async function auditPass(
  source: KafkaSource,
  pass: Pass,
  partitions: number,
  options: VerifyOptions,
): Promise<verify.AuditReport> {
  const audit = new verify.Audit(options);
  const own = new Set(pass.partitions);
  const book = new verify.LedgerBook();
  const sink = options.ledgers === undefined ? audit : both(audit, book);
  const intake = new Intake(sink, (connectionId) =>
    own.has(source.log.partitionOf(connectionId, partitions)),
  );
  await readPass(source, pass, (record: LogRecord) => {
    const isRepeated = !pass.isFirst && BY_AGENT.has(baseOfTopic(record.topic));
    if (!isRepeated) options.exportLine?.(lineOfRecord(record, record.raw));
    intake.take(record);
  });
  options.ledgers?.add(book);
  const report = audit.report();
  // Every pass reads all reports.
  return pass.isFirst ? report : { ...report, counts: { ...report.counts, reports: 0 } };
}

/** Beside the audit, what recomputes ledgers sees every record that counts for it. */
function both(audit: verify.Audit, book: verify.LedgerBook): AuditSink {
  return {
    take: (record) => {
      audit.take(record);
      book.take(record);
    },
    passOver: (record) => audit.passOver(record),
  };
}

function together(reports: readonly verify.AuditReport[]): verify.AuditReport {
  const sum = (of: (counts: verify.AuditCounts) => number) =>
    reports.reduce((total, { counts }) => total + of(counts), 0);
  return {
    violations: reports.flatMap(({ violations }) => violations).slice(0, verify.AUDIT_LIMITS.violations),
    found: reports.reduce((total, { found }) => total + found, 0),
    counts: {
      decisions: sum((counts) => counts.decisions),
      voided: sum((counts) => counts.voided),
      facts: sum((counts) => counts.facts),
      commands: sum((counts) => counts.commands),
      reports: sum((counts) => counts.reports),
      requests: sum((counts) => counts.requests),
      unjudged: sum((counts) => counts.unjudged),
    },
  };
}
