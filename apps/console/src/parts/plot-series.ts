import type { HealthPoint } from '../model.ts';

/** Columns as the plot wants them: seconds, scores, round trips; null is a gap. */
export interface PlotSeries {
  readonly times: number[];
  readonly scores: (number | null)[];
  readonly roundTrips: (number | null)[];
}

/** A point is told when the score changed, else once a minute; longer than this without one and nothing is known. */
export const GAP_SECONDS = 150;

/** Oldest first; a gap in what is known becomes a gap in the line. */
export function seriesOf(points: readonly HealthPoint[]): PlotSeries {
  const series: PlotSeries = { times: [], scores: [], roundTrips: [] };
  const add = (time: number, score: number | null, roundTrip: number | null) => {
    series.times.push(time);
    series.scores.push(score);
    series.roundTrips.push(roundTrip);
  };
  const known = points
    .map(({ time, health_score, round_trip_ms }) => ({
      at: Date.parse(time) / 1_000,
      health_score,
      round_trip_ms,
    }))
    .filter(({ at }) => !Number.isNaN(at))
    .sort((a, b) => a.at - b.at);
  for (const [i, { at, health_score, round_trip_ms }] of known.entries()) {
    const before = known[i - 1];
    if (before && at - before.at > GAP_SECONDS) add(before.at + GAP_SECONDS, null, null);
    add(at, health_score, round_trip_ms ?? null);
  }
  return series;
}

/** What the line shows, for those who can't see it. */
export function summaryOf(points: readonly HealthPoint[], said: (time: string) => string): string {
  const last = points.at(-1);
  if (!last) return 'No health was told in this time.';
  const lowest = points.reduce((low, point) => (point.health_score < low.health_score ? point : low), last);
  const now = `Score ${Math.round(last.health_score)} at ${said(last.time)}`;
  return lowest.health_score === last.health_score
    ? `${now}, its lowest.`
    : `${now}; lowest ${Math.round(lowest.health_score)} at ${said(lowest.time)}.`;
}
