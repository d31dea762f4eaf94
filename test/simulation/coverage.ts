import { FACTS, LINK_PHASES } from '#libs/contracts';
import { type Input, link } from '#libs/domain';
import { labelOf, rowOf, UNKNOWN } from '../../libs/domain/testing/cells.ts';
import type { Table } from '../../libs/domain/testing/table.ts';

/** Rows of the table of states: a link's phases, and not to be known at all. */
export const ROWS = ['unknown', ...LINK_PHASES] as const;
/** No link's id is a session's, so that none is ever told of these. */
const OF_SESSIONS: ReadonlySet<string> = new Set([
  'target-attached',
  'controller-attached',
  'relay-opened',
  'relay-closed',
]);
/** Columns: each fact that a link may be given, and the two kinds of time. */
export const COLUMNS = [
  ...Object.keys(FACTS).filter((name) => !OF_SESSIONS.has(name)),
  'time-due',
  'fleet-changed',
];

/** Cells that no run can reach, and why. A run that reaches one fails. */
export const UNREACHABLE: Readonly<Record<string, string>> = {
  'unknown × time-due': 'only a state has a due time',
  'unknown × fleet-changed': 'only a state can wait for the fleet',
  'ended × time-due': 'a closed link waits for nothing',
  'rejected × time-due': 'a closed link waits for nothing',
};

/** Outcomes that the table of states leaves out, since they may come in every phase. */
const EVERYWHERE = ['already-handled', 'other-home-region'];

/** How often each cell was reached, and how it came out. */
export class Coverage {
  private readonly cells = new Map<string, { decided: number; ignored: number }>();
  private readonly outcomes = new Map<string, { phase: string; row: string; label: string }>();

  count(state: link.LinkState | undefined, input: Input, outcome: link.LinkOutcome): void {
    const cell = `${state?.phase ?? 'unknown'} × ${columnOf(state, input)}`;
    const counts = this.cells.get(cell) ?? { decided: 0, ignored: 0 };
    if (outcome.kind === 'append') counts.decided += 1;
    else counts.ignored += 1;
    this.cells.set(cell, counts);
    const seen = { phase: state?.phase ?? UNKNOWN, row: rowOf(state, input), label: labelOf(outcome) };
    this.outcomes.set(`${seen.phase} × ${seen.row}: ${seen.label}`, seen);
  }

  /** What happened although the table of states does not have it. */
  missingIn(table: Table): string[] {
    return [...this.outcomes]
      .filter(([, { phase, row, label }]) => {
        const cell = table.get(phase)?.get(row);
        return !EVERYWHERE.includes(label) && !cell?.decisions.has(label) && !cell?.ignored.has(label);
      })
      .map(([outcome]) => outcome)
      .sort();
  }

  /** Cells that were to be reached and were not, and cells that were not to be reached and were. */
  wrong(): string[] {
    return ROWS.flatMap((row) =>
      COLUMNS.map((column) => `${row} × ${column}`).filter(
        (cell) => this.cells.has(cell) === cell in UNREACHABLE,
      ),
    );
  }

  /** One line a cell: decided / ignored. */
  table(): string {
    const width = Math.max(...COLUMNS.map((column) => column.length));
    const header = `${' '.repeat(width)} ${ROWS.map((row) => row.slice(0, 11).padStart(13)).join('')}`;
    const lines = COLUMNS.map((column) => {
      const counts = ROWS.map((row) => {
        const found = this.cells.get(`${row} × ${column}`);
        if (`${row} × ${column}` in UNREACHABLE) return (found ? '!' : '-').padStart(13);
        return (found ? `${found.decided}/${found.ignored}` : '0').padStart(13);
      });
      return `${column.padEnd(width)} ${counts.join('')}`;
    });
    return [header, ...lines].join('\n');
  }
}

function columnOf(state: link.LinkState | undefined, input: Input): string {
  if (input.kind === 'fact') return input.fact.name;
  const dueMs = state && link.nextDueMs(state);
  return dueMs !== undefined && input.nowMs >= dueMs ? 'time-due' : 'fleet-changed';
}
