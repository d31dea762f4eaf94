import type { RedisClient } from './client.ts';
import { timePrefix } from './event-text.ts';
import { KEYS } from './keys.ts';
import { REGISTRY_LIMITS } from './limits.ts';

const MINUTE_MS = 60_000;

/** What one report said of a connection. */
export interface HealthPoint {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** 0 to 100. */
  readonly health_score: number;
  readonly round_trip_ms?: number;
}

/** The same as it is read. */
export interface HealthPointView extends Omit<HealthPoint, 'atMs'> {
  readonly time: string;
}

/**
 * Whether a report is kept as a point behind the one before it: the first one of each minute is, and one whose score is
 * another, to the whole point. That is a comparison of neighbours alone, so it may be made in portions: what the writer's side
 * leaves out, `scripts/connection-reports.ts`, which has the last word, would leave out as well.
 */
export function isNewPoint(before: HealthPoint, next: HealthPoint): boolean {
  return (
    Math.floor(before.atMs / MINUTE_MS) !== Math.floor(next.atMs / MINUTE_MS) ||
    Math.round(before.health_score) !== Math.round(next.health_score)
  );
}

/** As it stands in Redis: `<time, 13 digits> <score>[ <round trip>]`. */
export function textOfPoint({ atMs, health_score, round_trip_ms }: HealthPoint): string {
  const roundTrip = round_trip_ms === undefined ? '' : ` ${Math.round(round_trip_ms * 10) / 10}`;
  return `${timePrefix(atMs)} ${health_score}${roundTrip}`;
}

function viewOfText(text: string): HealthPointView {
  const [atMs, score, roundTrip] = text.split(' ').map(Number);
  return {
    time: new Date(atMs ?? 0).toISOString(),
    health_score: score ?? 0,
    ...(roundTrip !== undefined && { round_trip_ms: roundTrip }),
  };
}

/** Points of a time, both ends included, oldest first. Undefined: no such connection. */
export async function healthOf(
  client: RedisClient,
  id: string,
  fromMs: number,
  toMs: number,
): Promise<HealthPointView[] | undefined> {
  const [version, texts] = await client.run([
    ['hget', KEYS.connection(id), 'version'],
    ['lrange', KEYS.connectionHealth(id), -REGISTRY_LIMITS.healthPoints, -1],
  ]);
  if (version === null) return undefined;
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  return (texts as string[]).map(viewOfText).filter(({ time }) => from <= time && time <= to);
}
