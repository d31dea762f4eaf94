/** Times, figures and names as people read them. Times are shown in the zone of `zone.ts`. */
import { shownDate } from './zone.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** From here on hours say nothing any more. */
const LONG_MS = 100 * DAY_MS;
/** What stands for nothing known. */
export const NOTHING = '–';

const two = (value: number) => String(value).padStart(2, '0');

/** `14:03:07`, with milliseconds on demand. */
export function timeOfDay(time: string | number | undefined, withMs = false): string {
  const date = dateOf(time);
  if (date === undefined) return NOTHING;
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  return withMs ? `${clock}.${String(date.getUTCMilliseconds()).padStart(3, '0')}` : clock;
}

/** `2026-01-31 14:03:07` */
export function dateTime(time: string | number | undefined, withMs = false): string {
  const date = dateOf(time);
  return date === undefined ? NOTHING : `${dayOf(date)} ${timeOfDay(time, withMs)}`;
}

/** The time alone for today's, day and time for others. */
export function shortTime(time: string | undefined, nowMs: number): string {
  const date = dateOf(time);
  if (date === undefined) return NOTHING;
  return dayOf(date) === dayOf(shownDate(nowMs)) ? timeOfDay(time) : dateTime(time).slice(5, 16);
}

function dayOf(date: Date): string {
  return [date.getUTCFullYear(), two(date.getUTCMonth() + 1), two(date.getUTCDate())].join('-');
}

/** Its UTC fields are those that are shown. */
function dateOf(time: string | number | undefined): Date | undefined {
  const ms = typeof time === 'string' ? Date.parse(time) : (time ?? Number.NaN);
  return Number.isNaN(ms) ? undefined : shownDate(ms);
}

/** `340 ms`, `2.4 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h` */
export function duration(ms: number | undefined): string {
  if (ms === undefined || Number.isNaN(ms)) return NOTHING;
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return parts(ms, MINUTE_MS, 'min', SECOND_MS, 's');
  if (ms < DAY_MS) return parts(ms, HOUR_MS, 'h', MINUTE_MS, 'min');
  return ms < LONG_MS ? parts(ms, DAY_MS, 'd', HOUR_MS, 'h') : `${count(Math.floor(ms / DAY_MS))} d`;
}

function parts(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  const whole = `${Math.floor(ms / largeMs)} ${large}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}

/** `5 s ago`, `in 3 min`; whole seconds, `now` within one. */
export function ago(time: string | undefined, nowMs: number): string {
  const ms = time === undefined ? Number.NaN : nowMs - Date.parse(time);
  if (Number.isNaN(ms)) return NOTHING;
  if (Math.abs(ms) < SECOND_MS) return 'now';
  return ms > 0 ? `${coarse(ms)} ago` : `in ${coarse(-ms)}`;
}

/** The largest unit alone. */
function coarse(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  return ms < DAY_MS ? `${Math.floor(ms / HOUR_MS)} h` : `${Math.floor(ms / DAY_MS)} d`;
}

/** RFC 3339 with a time, as the controller's sentences have it. */
const MOMENTS = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;

/** A sentence with its moments in the zone that is shown. */
export function withLocalTimes(text: string): string {
  return text.replaceAll(MOMENTS, (moment) => dateTime(moment, true));
}

export function between(from: string | undefined, to: string | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : Date.parse(to) - Date.parse(from);
}

/** `12 345`, with narrow spaces. */
export function count(value: number | undefined): string {
  return value === undefined ? NOTHING : String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

export function bytes(value: number): string {
  if (value < 1_024) return `${value} B`;
  const kib = value / 1_024;
  return kib < 1_024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1_024).toFixed(1)} MiB`;
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `failover-decided` → `failover decided` */
export function words(name: string | undefined): string {
  return name === undefined ? NOTHING : name.replaceAll('-', ' ');
}

/** The same with a capital. */
export function sentence(name: string): string {
  const text = words(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
