import { jest } from '@jest/globals';
import { GUESS_LIMITS, type Guesser, GuessLimits } from './guess-limits.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
let guests = 0;

const someone = (id: string, address = '198.51.100.7'): Guesser => ({ peer: { id, guest: false }, address });
/** A guest makes a new key for every attempt. */
const guest = (address = '198.51.100.7'): Guesser => {
  guests += 1;
  return { peer: { id: `guest-${guests}`, guest: true }, address };
};

describe('the limits on codes', () => {
  let limits: GuessLimits;
  beforeEach(() => {
    jest.useFakeTimers();
    limits = new GuessLimits({ ...GUESS_LIMITS, codesPerMinute: 3 });
  });
  afterEach(() => jest.useRealTimers());

  /** How often codes are tried within a time by whoever tries again as soon as it may, and the waits between. */
  async function guess(who: () => Guesser, forMs: number): Promise<{ tries: number; waitsMs: number[] }> {
    const waitsMs: number[] = [];
    let tries = 0;
    for (const untilMs = Date.now() + forMs; Date.now() < untilMs; ) {
      const waitMs = await limits.attempt(who());
      if (waitMs === 0) tries += 1;
      else {
        waitsMs.push(waitMs);
        jest.advanceTimersByTime(waitMs);
      }
    }
    return { tries, waitsMs };
  }

  it('let an identity err some times, then make it wait twice as long each time, up to a quarter of an hour', async () => {
    const eve = someone('eve');
    const { tries, waitsMs } = await guess(() => eve, 55 * MINUTE_MS);
    expect(waitsMs.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(Math.max(...waitsMs)).toBe(15 * MINUTE_MS);
    expect(tries).toBeLessThan(20);
  });

  it('slow an address down whose guests are new each time, and never for more than 10 s', async () => {
    const { tries, waitsMs } = await guess(() => guest(), 55 * MINUTE_MS);
    expect(waitsMs[0]).toBe(1_000);
    expect(Math.max(...waitsMs)).toBe(10_000);
    expect(tries).toBeLessThan(400);
  });

  it('leave neighbours behind the same address alone who have a certificate', async () => {
    await guess(() => guest(), 10 * MINUTE_MS);
    expect(await limits.attempt(someone('bob'))).toBe(0);
    const eve = someone('eve');
    await guess(() => eve, MINUTE_MS);
    expect(await limits.attempt(someone('bob'))).toBe(0);
    expect(await limits.attempt(guest('203.0.113.9'))).toBe(0);
  });

  it('count attempts that come all at once as those that come one after the other', async () => {
    const eve = someone('eve');
    const waits = [];
    for (let at = 0; at < 50; at += 1) waits.push(limits.attempt(eve));
    const taken = (await Promise.all(waits)).filter((waitMs) => waitMs === 0).length;
    expect(taken).toBe(GUESS_LIMITS.freePerIdentity + 1);
  });

  it('take back what a right code cost, so that many may come from one address in a row', async () => {
    for (let at = 0; at < 200; at += 1) {
      const one = guest();
      expect(await limits.attempt(one)).toBe(0);
      await limits.succeeded(one);
    }
    const bob = someone('bob');
    for (let at = 0; at < 4; at += 1) await limits.attempt(bob);
    await limits.succeeded(bob);
    expect(await limits.attempt(bob)).toBe(0);
  });

  it('forget after an hour', async () => {
    const eve = someone('eve');
    await guess(() => eve, 30 * MINUTE_MS);
    jest.advanceTimersByTime(HOUR_MS);
    for (let at = 0; at < GUESS_LIMITS.freePerIdentity; at += 1) expect(await limits.attempt(eve)).toBe(0);
  });

  it('let a controller ask for so many codes a minute', async () => {
    const { peer } = someone('ann');
    for (let at = 0; at < 3; at += 1) expect(await limits.request(peer)).toBe(0);
    const waitMs = await limits.request(peer);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(MINUTE_MS);
    jest.advanceTimersByTime(waitMs);
    expect(await limits.request(peer)).toBe(0);
  });

  it('remember so many at most, the latest ones', async () => {
    const few = new GuessLimits({ ...GUESS_LIMITS, codesPerMinute: 3, maxKeys: 4, freePerIdentity: 0 });
    await few.attempt(someone('eve', '192.0.2.1'));
    expect(await few.attempt(someone('eve', '192.0.2.1'))).toBeGreaterThan(0);
    for (let at = 0; at < 4; at += 1) await few.attempt(someone(`other-${at}`, `192.0.2.${at + 2}`));
    expect(await few.attempt(someone('eve', '192.0.2.1'))).toBe(0);
  });

  it('slow down who shows ids in vain, never for more than 10 s, and nobody who comes back rightly', async () => {
    const { freeReturns } = GUESS_LIMITS;
    // Hundreds at once behind one address, after a broker's death.
    for (let each = 0; each < 500; each += 1) expect(await limits.comesBack(someone(`bob-${each}`))).toBe(0);
    for (let each = 0; each < freeReturns; each += 1) await limits.cameInVain(guest());
    expect(await limits.comesBack(guest())).toBe(0);
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      await limits.cameInVain(guest());
      expect(await limits.comesBack(guest())).toBe(waitMs);
    }
    expect(await limits.comesBack(someone('bob-1'))).toBe(0);
    expect(await limits.comesBack(guest('203.0.113.9'))).toBe(0);
    // Codes are counted apart.
    expect(await limits.attempt(guest())).toBe(0);
  });

  it('slow down an identity that shows ids in vain from everywhere', async () => {
    for (let each = 0; each <= GUESS_LIMITS.freeReturns; each += 1)
      await limits.cameInVain(someone('eve', `198.51.${each}.7`));
    expect(await limits.comesBack(someone('eve', '203.0.113.9'))).toBe(1_000);
    expect(await limits.attempt(someone('eve', '203.0.113.9'))).toBe(0);
  });
});
