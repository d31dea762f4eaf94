import { ApplicationPresence } from './application-presence.ts';

describe('ApplicationPresence', () => {
  let nowMs: number;
  let presence: ApplicationPresence;
  beforeEach(() => {
    nowMs = 0;
    presence = new ApplicationPresence(() => nowMs);
  });

  it('does not miss an application that has not been there', () => {
    presence.heard();
    nowMs = 1_000_000;
    expect(presence.isAwayFor(30_000)).toBe(false);
  });

  it('misses one that was there, from its last sign on', () => {
    presence.connected();
    nowMs = 20_000;
    presence.heard();
    nowMs = 50_000;
    expect(presence.isAwayFor(30_000)).toBe(false);
    nowMs = 50_001;
    expect(presence.isAwayFor(30_000)).toBe(true);
  });

  it('forgets it with the link, until it comes again', () => {
    presence.connected();
    presence.forget();
    nowMs = 100_000;
    expect(presence.isAwayFor(30_000)).toBe(false);
    presence.connected();
    nowMs = 200_000;
    expect(presence.isAwayFor(30_000)).toBe(true);
  });
});
