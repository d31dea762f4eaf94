import { hasOwnZone, momentOf, shownDate, switchZone, zoneName } from './zone.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);

describe('the zone that times are shown in', () => {
  beforeAll(() => {
    const kept = new Map<string, string>();
    Object.assign(globalThis, {
      localStorage: { setItem: (key: string, value: string) => kept.set(key, value) },
    });
  });

  afterAll(() => {
    Reflect.deleteProperty(globalThis, 'localStorage');
  });

  it('is this machine’s first, with how far it is ahead of UTC', () => {
    const ahead = -new Date(NOON_MS).getTimezoneOffset();
    expect(shownDate(NOON_MS).getTime()).toBe(NOON_MS + ahead * 60_000);
    expect(hasOwnZone(NOON_MS)).toBe(ahead !== 0);
    expect(zoneName(NOON_MS)).toMatch(ahead === 0 ? /^UTC$/ : /^UTC[+−]\d\d:\d\d$/);
    expect(momentOf('2026-01-31T12:00:00')).toBe(NOON_MS - ahead * 60_000);
  });

  it('is UTC once somebody chose it, until they choose again', () => {
    switchZone();
    expect([zoneName(NOON_MS), shownDate(NOON_MS).getTime()]).toEqual(['UTC', NOON_MS]);
    expect(momentOf('2026-01-31T12:00:00')).toBe(NOON_MS);
    switchZone();
    expect(shownDate(NOON_MS).getUTCHours()).toBe(new Date(NOON_MS).getHours());
  });
});
