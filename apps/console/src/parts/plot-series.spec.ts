import { GAP_SECONDS, seriesOf, summaryOf } from './plot-series.ts';

const time = (seconds: number) => new Date(seconds * 1_000).toISOString();

describe('the series of a plot', () => {
  it('is in order of time, with what is not known as null', () => {
    const points = [
      { time: time(60), health_score: 50, round_trip_ms: 12 },
      { time: time(0), health_score: 100 },
      { time: 'never', health_score: 1 },
    ];
    expect(seriesOf(points)).toEqual({ times: [0, 60], scores: [100, 50], roundTrips: [null, 12] });
  });

  it('breaks where nothing was told for longer than a report takes', () => {
    const points = [0, GAP_SECONDS, 2 * GAP_SECONDS + 1].map((at) => ({ time: time(at), health_score: 90 }));
    expect(seriesOf(points).scores).toEqual([90, 90, null, 90]);
  });
});

describe('the summary of a plot', () => {
  it('says what is now and what was lowest', () => {
    const points = [
      { time: 'a', health_score: 90 },
      { time: 'b', health_score: 41.2 },
      { time: 'c', health_score: 88 },
    ];
    const said = (at: string) => at.toUpperCase();
    expect(summaryOf(points, said)).toBe('Score 88 at C; lowest 41 at B.');
    expect(summaryOf(points.slice(0, 2), said)).toBe('Score 41 at B, its lowest.');
    expect(summaryOf([], said)).toBe('No health was told in this time.');
  });
});
