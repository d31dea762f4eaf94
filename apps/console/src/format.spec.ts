import {
  ago,
  between,
  bytes,
  count,
  dateTime,
  duration,
  plural,
  sentence,
  shortTime,
  timeOfDay,
  withLocalTimes,
} from './format.ts';

const NOON = new Date(2026, 0, 31, 12, 3, 7, 45);

describe('times', () => {
  it('are shown as this machine has them', () => {
    expect(timeOfDay(NOON.getTime())).toBe('12:03:07');
    expect(timeOfDay(NOON.toISOString(), true)).toBe('12:03:07.045');
    expect(dateTime(NOON.toISOString())).toBe('2026-01-31 12:03:07');
  });

  it('of another day have their day', () => {
    expect(shortTime(NOON.toISOString(), NOON.getTime())).toBe('12:03:07');
    expect(shortTime(NOON.toISOString(), NOON.getTime() + 86_400_000)).toBe('01-31 12:03');
  });

  it('that are none are a dash', () => {
    expect([timeOfDay(undefined), dateTime('soon'), shortTime(undefined, 0), ago(undefined, 0)]).toEqual(
      Array(4).fill('–'),
    );
  });

  it.each([
    [0, '0 ms'],
    [999.6, '1000 ms'],
    [2_449, '2.4 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
    [90_000_000, '1 d 1 h'],
    [-250, '−250 ms'],
    [undefined, '–'],
    [Number.NaN, '–'],
  ])('%s ms are %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    [0, 'now'],
    [-999, 'now'],
    [4_000, '4 s ago'],
    [-4_000, 'in 4 s'],
    [3_599_000, '59 min ago'],
    [86_400_000, '1 d ago'],
  ])('%s ms later are %s', (ms, text) => {
    expect(ago(NOON.toISOString(), NOON.getTime() + ms)).toBe(text);
  });

  it('in a sentence are shown so as well', () => {
    const text = `active since ${NOON.toISOString()}, until 2026-01-31T25:00:00Z`;
    expect(withLocalTimes(text)).toBe('active since 2026-01-31 12:03:07.045, until –');
    expect(withLocalTimes('at 2026-01-31, 12:03')).toBe('at 2026-01-31, 12:03');
  });

  it('have a distance only if both are known', () => {
    expect(between('2026-01-01T00:00:00Z', '2026-01-01T00:00:01.5Z')).toBe(1_500);
    expect(between(undefined, '2026-01-01T00:00:00Z')).toBeUndefined();
  });
});

describe('figures and names', () => {
  it('are read with ease', () => {
    expect(count(1_234_567)).toBe('1\u202f234\u202f567');
    expect([count(999), count(0), count(undefined)]).toEqual(['999', '0', '–']);
    expect([plural(1, 'agent'), plural(2_000, 'agent')]).toEqual(['1 agent', '2\u202f000 agents']);
    expect([bytes(1_023), bytes(1_536), bytes(5 * 1_024 * 1_024)]).toEqual(['1023 B', '1.5 KiB', '5.0 MiB']);
    expect(sentence('failover-decided')).toBe('Failover decided');
  });
});
