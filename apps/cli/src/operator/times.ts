const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long, in at most two units: `850 ms`, `3.2 s`, `4 m 10 s`, `2 d 3 h`. */
export function durationText(ms: number): string {
  if (!Number.isFinite(ms)) return '';
  if (ms < 0) return `-${durationText(-ms)}`;
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < HOUR_MS) return two(ms, MINUTE_MS, 'm', SECOND_MS, 's');
  if (ms < DAY_MS) return two(ms, HOUR_MS, 'h', MINUTE_MS, 'm');
  return two(ms, DAY_MS, 'd', HOUR_MS, 'h');
}

function two(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % big) / small);
  return `${Math.floor(ms / big)} ${bigName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** How long ago; nothing when there is no such time. */
export function agoText(time: string | undefined, nowMs: number): string {
  const ms = time === undefined ? Number.NaN : nowMs - Date.parse(time);
  return Number.isNaN(ms) ? '' : `${durationText(Math.max(0, ms))} ago`;
}

/** From one time to another; nothing when one of them is missing. */
export function betweenText(from: string | undefined, to: string | undefined): string {
  if (from === undefined || to === undefined) return '';
  return durationText(Date.parse(to) - Date.parse(from));
}
