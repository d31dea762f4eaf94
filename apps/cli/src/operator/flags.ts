import { InvalidArgumentError, Option } from 'commander';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DEFAULT_ROWS = 100;
const MOST_ROWS = 100_000;

/** RFC 3339, or how long ago: `90s`, `15m`, `2h`, `3d`. @returns RFC 3339 */
export function toTime(text: string): string {
  const [, digits = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (digits !== '') return new Date(Date.now() - Number(digits) * (UNIT_MS[unit] ?? 0)).toISOString();
  const ms = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError(
    'It must be a time like 2026-11-21T03:12:00Z, or how long ago: 90s, 15m, 2h, 3d.',
  );
}

export const toCount =
  (least: number, most: number) =>
  (text: string): number => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= least && count <= most) return count;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };

export const limitOption = (): Option =>
  new Option('--limit <n>', 'rows at most').argParser(toCount(1, MOST_ROWS)).default(DEFAULT_ROWS);

export const atOption = (): Option =>
  new Option('--at <time>', 'as the controller believed it then: RFC 3339, or how long ago (15m)').argParser(
    toTime,
  );

export const reasonOption = (): Option =>
  new Option('--reason <text>', 'why; it stands in the log with your name').makeOptionMandatory();
