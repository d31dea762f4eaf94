import { verify } from '#libs/domain';

/** For people: what was found, each violation with the two records that it rests on. */
export function textReport(report: verify.AuditReport): string {
  const { violations, found, counts } = report;
  const read = [
    count(counts.decisions, 'decision'),
    count(counts.facts, 'fact'),
    count(counts.commands, 'command'),
    count(counts.reports, 'health report'),
    counts.requests === 0
      ? "no requests (--data names the applications' files)"
      : count(counts.requests, 'request'),
  ].join(', ');
  const asides = [
    counts.voided === 0 ? '' : `${count(counts.voided, 'record')} of the log did not count.`,
    counts.unjudged === 0
      ? ''
      : `${count(counts.unjudged, 'citation')} of facts that were not read could not be looked at.`,
  ].filter((text) => text !== '');
  const verdict =
    found === 0
      ? `All ${Object.keys(verify.INVARIANTS).length} invariants hold.`
      : `${count(found, 'violation')}${found > violations.length ? `, of which the first ${violations.length} are told` : ''}:`;
  return `${[`Read ${read}.`, ...asides, verdict, ...violations.map(paragraph)].join('\n')}\n`;
}

/** For programs: one object; records are told by topic, partition and offset, or by file and line. */
export function jsonReport({ violations, found, counts }: verify.AuditReport, ledger?: object): string {
  const told = violations.map(({ code, subject, detail, records }) => ({
    code,
    subject,
    detail,
    records: records.map(({ place, name, timeMs }) => ({ ...place, name, time: timeText(timeMs) })),
  }));
  return `${JSON.stringify({ ok: found === 0, found, violations: told, counts, ...(ledger && { ledger }) }, null, 2)}\n`;
}

function paragraph({ code, subject, detail, records }: verify.Violation): string {
  const lines = records.map(({ place, name, timeMs }) =>
    `    ${verify.textOf(place)}  ${name}  ${timeText(timeMs)}`.trimEnd(),
  );
  return [`\n${code}  ${subject}`, `  ${detail}`, ...lines].join('\n');
}

const timeText = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString() : '');

const count = (number: number, what: string): string =>
  `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
