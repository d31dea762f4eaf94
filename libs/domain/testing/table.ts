import { LINK_PHASES } from '#libs/contracts';
import { link } from '../src/index.ts';
import { BASES, type Cell, inputsFor, labelOf, rowOf, UNKNOWN } from './cells.ts';

/** phase → input → what may come of it. */
export type Table = ReadonlyMap<string, ReadonlyMap<string, Cell>>;

type Growing = Map<string, Map<string, { decisions: Set<string>; ignored: Set<string> }>>;

/** The table as the code has it: every way to a phase, every fleet, every input. */
export function enumerate(): Table {
  const table: Growing = new Map([UNKNOWN, ...LINK_PHASES].map((phase) => [phase, new Map()]));
  for (const base of BASES) {
    const given = base();
    for (const input of inputsFor(given)) {
      const outcome = link.decide(given.id, given.state, input);
      const rows = table.get(given.state?.phase ?? UNKNOWN);
      const row = rowOf(given.state, input);
      const cell = rows?.get(row) ?? { decisions: new Set<string>(), ignored: new Set<string>() };
      rows?.set(row, cell);
      (outcome.kind === 'append' ? cell.decisions : cell.ignored).add(labelOf(outcome));
    }
  }
  return table;
}

const HEADER = '| input | decided | changes nothing because |\n| --- | --- | --- |';

/** The table as it stands in the document, one part for each phase. */
export function written(table: Table): string {
  return [...table]
    .map(([phase, rows]) => {
      const lines = [...rows]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([input, cell]) => `| ${input} | ${listed(cell.decisions)} | ${listed(cell.ignored)} |`);
      return `### ${phase}\n\n${HEADER}\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

const listed = (labels: ReadonlySet<string>): string => [...labels].sort().join(', ') || '—';

/** Reads the table out of the document again. */
export function read(document: string): Table {
  const table: Growing = new Map();
  let phase = '';
  for (const line of document.split('\n')) {
    if (line.startsWith('### ')) {
      phase = line.slice(4);
      table.set(phase, new Map());
    }
    const [, input = '', decided = '', ignored = ''] = line.split('|').map((part) => part.trim());
    if (!line.startsWith('| ') || input === 'input' || input.startsWith('---') || phase === '') continue;
    table.get(phase)?.set(input, { decisions: labels(decided), ignored: labels(ignored) });
  }
  return table;
}

const labels = (text: string): Set<string> => new Set(text.split(', ').filter((label) => label !== '—'));
