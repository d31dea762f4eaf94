import { systemClock } from './clock.ts';

describe('the clock of a system', () => {
  it('tells wall time in milliseconds since 1970', () => {
    expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(1_000);
  });

  it('never goes back, monotonic and boot time alike', () => {
    for (const read of [systemClock.monotonicMs, systemClock.bootMs]) {
      const readings = Array.from({ length: 1_000 }, () => read());
      expect(readings).toEqual(readings.toSorted((a, b) => a - b));
    }
  });

  it('tells boot time in milliseconds: no less than the process has lived, and no date', () => {
    expect(systemClock.bootMs()).toBeGreaterThan(process.uptime() * 1_000 - 1_000);
    expect(systemClock.bootMs()).toBeLessThan(systemClock.wallMs());
  });
});
