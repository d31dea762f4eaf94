/**
 * The zone in which times are shown: this machine's, or UTC, as logs and other people's machines have it. Kept for all
 * tabs; one place, because every time of the page goes by it.
 */

const KEY = 'trunkline.zone';
const MINUTE_MS = 60_000;

let isUtc = globalThis.localStorage?.getItem(KEY) === 'utc';

/** Minutes that this machine's clock is ahead of UTC then. */
const aheadMinutes = (ms: number): number => -new Date(ms).getTimezoneOffset();

export function switchZone(): void {
  isUtc = !isUtc;
  localStorage.setItem(KEY, isUtc ? 'utc' : 'local');
}

/** A date whose UTC fields are those that are shown. */
export function shownDate(ms: number): Date {
  return new Date(isUtc ? ms : ms + aheadMinutes(ms) * MINUTE_MS);
}

/** What a field of day and time says, such as `2026-01-31T14:03:07`, in milliseconds since 1970. */
export function momentOf(field: string): number {
  return Date.parse(isUtc ? `${field}Z` : field);
}

/** `UTC`, or `UTC+02:00` where this machine's time is shown. */
export function zoneName(ms: number): string {
  const minutes = isUtc ? 0 : aheadMinutes(ms);
  if (minutes === 0) return 'UTC';
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${two(size / 60)}:${two(size % 60)}`;
}

/** Whether the two differ at all on this machine. */
export function hasOwnZone(ms: number): boolean {
  return aheadMinutes(ms) !== 0;
}
