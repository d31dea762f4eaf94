import { colourOf, type Style } from '../operator/style.ts';
import { printable } from '../operator/table.ts';
import type { Difference } from './compare.ts';
import type { Judgement } from './judgement.ts';

/** Characters of one value that a line shows at most. */
const VALUE_CHARS = 120;
/** Members of one decision that are told at most. */
const TOLD = 12;

export interface Tally {
  same: number;
  different: number;
  given: number;
}

/** One input and what came of it, on one line, and below it each member in which the decisions differ. */
export function traceLines(
  { atMs, key, input, place, made, logged, verdict, ...rest }: Judgement,
  style: Style,
): string {
  const time = new Date(atMs).toISOString();
  const now =
    made.kind === 'append' ? made.name : made.kind === 'nothing' ? '-' : `(${made.kind}: ${made.reason})`;
  const words = [
    style('dim', time),
    printable(key),
    `${input}${place === undefined ? '' : ` ${style('dim', place)}`}`,
    '→',
    verdict === 'given' ? '(not judged)' : now,
    '|',
    logged === undefined ? 'nothing in the log' : `${logged.name} ${style('dim', logged.place)}`,
    style(colourOf(verdict), verdict),
  ];
  const told = rest.differences.slice(0, TOLD).map((one) => `    ${differenceText(one)}`);
  if (rest.differences.length > TOLD) told.push(`    … and ${rest.differences.length - TOLD} more`);
  return `${[words.join('  '), ...told].join('\n')}\n`;
}

const differenceText = ({ path, made, logged }: Difference): string =>
  `${path}: now ${valueText(made)}, in the log ${valueText(logged)}`;

function valueText(value: unknown): string {
  const text = value === undefined ? 'absent' : printable(JSON.stringify(value));
  return text.length > VALUE_CHARS ? `${text.slice(0, VALUE_CHARS - 1)}…` : text;
}

/** For programs: one object a judgement. */
export function traceJson({ atMs, made, ...rest }: Judgement): string {
  return `${JSON.stringify({ time: new Date(atMs).toISOString(), ...rest, made: made.kind === 'nothing' ? undefined : made })}\n`;
}

/** The last line: what all of it comes to. */
export function tallyText({ same, different, given }: Tally): string {
  const asides =
    given === 0
      ? ''
      : `; ${given} of the log's decisions rest on more than the slice holds, and were taken as they stand`;
  return `${same + different} judged: ${same} the same, ${different} different${asides}\n`;
}
