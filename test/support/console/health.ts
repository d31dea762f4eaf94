import type { ConnectionView, HealthPointView } from '#libs/registry';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** What the health of a link is about while it stands in a phase. */
const USUAL: Readonly<Record<string, number>> = { active: 97, open: 98, degraded: 47, activating: 70 };

/** Between 0 and 1, the same for the same name and minute. */
function noise(name: string, minute: number): number {
  let mixed = Math.imul(minute + 1, 0x9e3779b1);
  for (const letter of name) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x85ebca6b);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
}

/** Of a row as of now; undefined for what nobody reports on. */
export function scoreOf({ connection_id, phase }: ConnectionView, atMs: number): number | undefined {
  const usual = USUAL[phase];
  if (usual === undefined) return undefined;
  const spread = usual > 90 ? 3 : 8;
  return (
    Math.round((usual + spread * (noise(connection_id, Math.floor(atMs / MINUTE_MS)) - 0.5) * 2) * 10) / 10
  );
}

/** One point a minute of the last hour, as its rows then were. */
export function healthPoints(
  rowAt: (atMs: number) => ConnectionView | undefined,
  fromMs: number,
  toMs: number,
): HealthPointView[] {
  const points: HealthPointView[] = [];
  const begin = Math.ceil(Math.max(fromMs, toMs - HOUR_MS) / MINUTE_MS) * MINUTE_MS;
  for (let atMs = begin; atMs <= toMs; atMs += MINUTE_MS) {
    const row = rowAt(atMs);
    const health_score = row && scoreOf(row, atMs);
    if (row === undefined || health_score === undefined) continue;
    const slow = row.phase === 'degraded' ? 90 : 0;
    const round_trip_ms =
      Math.round((11 + slow + 6 * noise(`${row.connection_id}~`, atMs / MINUTE_MS)) * 10) / 10;
    points.push({ time: new Date(atMs).toISOString(), health_score, round_trip_ms });
  }
  return points;
}
