import { join } from 'node:path';
import { ROOT } from '../../deploy/local/paths.mjs';
import type { Family } from './families.ts';

export const DOCUMENT = join(ROOT, 'docs/telemetry.md');
const BEGIN = '<!-- metrics: written by a test -->';
const END = '<!-- metrics end -->';

export interface Documented extends Family {
  readonly programs: readonly string[];
}

/** One of each name; a program may be built in more than one way, and tells the union. */
export function mergeOf(registries: readonly (readonly Family[])[]): Family[] {
  return [...new Map(registries.flat().map((family) => [family.name, family])).values()];
}

/** The rows of the document's table, as they stand. */
export function documentedIn(text: string): string[] {
  const inner = text.slice(text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END));
  return inner.split('\n').filter((line) => line.startsWith('| `'));
}

/** Reads a row back: what a scrape of a real program is compared with. */
export function readRow(row: string): Documented {
  const [, name = '', type = '', labels = '', programs = '', help = ''] = row
    .split('|')
    .map((cell) => cell.trim());
  return {
    name: name.replaceAll('`', ''),
    type: type as Family['type'],
    labels: [...labels.matchAll(/`([^`]+)`/g)].map(([, label = '']) => label),
    programs: programs.split(', '),
    help,
  };
}

/** The text with the table of these metrics. @throws when it has no place for it */
export function withTable(text: string, metrics: readonly Documented[]): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${DOCUMENT} has no place for the table of metrics`);
  const byName = new Map<string, Documented>();
  for (const metric of metrics) {
    const known = byName.get(metric.name);
    byName.set(metric.name, { ...metric, programs: [...(known?.programs ?? []), ...metric.programs] });
  }
  const rows = [...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1)).map(rowOf);
  const table = [
    '| metric | type | labels | program | what it says |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ];
  return `${text.slice(0, from)}${BEGIN}\n\n${table.join('\n')}\n\n${text.slice(to)}`;
}

function rowOf({ name, type, labels, programs, help }: Documented): string {
  const shown = labels.map((label) => `\`${label}\``).join(', ');
  return `| \`${name}\` | ${type} | ${shown} | ${programs.join(', ')} | ${help} |`;
}
