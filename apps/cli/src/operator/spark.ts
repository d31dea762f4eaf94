import type { HealthRow } from './views.ts';

const BARS = '▁▂▃▄▅▆▇█';
/** Of a time without a report. */
const UNKNOWN = '·';
const COLUMNS = 30;
const COLUMN_MS = 120_000;

/**
 * The hour up to a moment, two minutes a column, each with the lowest score that it saw; then the lowest and the highest of
 * all. Undefined: nothing was reported.
 */
export function healthLine(points: readonly HealthRow[], endMs: number): string | undefined {
  const lowest: (number | undefined)[] = Array.from({ length: COLUMNS });
  for (const { time, health_score } of points) {
    const back = Math.floor((endMs - Date.parse(time)) / COLUMN_MS);
    const column = COLUMNS - 1 - Math.max(0, back);
    if (column >= 0) lowest[column] = Math.min(lowest[column] ?? 100, health_score);
  }
  const scores = points.map(({ health_score }) => health_score);
  if (scores.length === 0) return undefined;
  const bars = lowest.map((score) => (score === undefined ? UNKNOWN : barOf(score))).join('');
  return `${bars} ${Math.min(...scores).toFixed(0)} to ${Math.max(...scores).toFixed(0)}`;
}

function barOf(score: number): string {
  return BARS[Math.min(BARS.length - 1, Math.floor((score / 100) * BARS.length))] as string;
}
