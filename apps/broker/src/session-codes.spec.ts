import { CODE_ALPHABET, formatConnectionCode, SESSION_ID_PATTERN } from '#libs/contracts';
import { SessionCodes } from './session-codes.ts';

const KEY = Buffer.alloc(32, 7);
const REGIONS = new Map([
  ['E', 'east'],
  ['W', 'west'],
]);
const east = new SessionCodes(KEY, 'east', REGIONS);
const west = new SessionCodes(KEY, 'west', REGIONS);

describe('the codes of a broker', () => {
  it('name their home, and are never the same', () => {
    const made = Array.from({ length: 1_000 }, () => west.make());
    expect(made.every(({ code, homeRegion }) => code.startsWith('W') && homeRegion === 'west')).toBe(true);
    expect(new Set(made.map(({ code }) => code)).size).toBe(1_000);
    expect(new Set(made.map(({ connectionId }) => connectionId)).size).toBe(1_000);
  });

  it('use every symbol at every random place', () => {
    const codes = Array.from({ length: 2_000 }, () => east.make().code);
    for (let place = 1; place <= 12; place += 1) {
      expect(new Set(codes.map((code) => code.charAt(place))).size).toBe(CODE_ALPHABET.length);
    }
  });

  it('lead every broker with the key to the same session, however they were typed', () => {
    const { code, connectionId } = east.make();
    expect(connectionId).toMatch(SESSION_ID_PATTERN);
    expect(connectionId).not.toContain(code.slice(1, 6));
    for (const typed of [code, formatConnectionCode(code), ` ${code.toLowerCase()} `]) {
      expect(west.read(typed)).toEqual({ connectionId, homeRegion: 'east' });
    }
  });

  it('lead nobody without the key there', () => {
    const { code, connectionId } = east.make();
    const stranger = new SessionCodes(Buffer.alloc(32, 8), 'east', REGIONS);
    expect(stranger.read(code)?.connectionId).not.toBe(connectionId);
  });

  it('that are mistyped, or of an unknown region, are none', () => {
    const { code } = east.make();
    const last = code.at(-1) === '0' ? '1' : '0';
    expect(east.read(code.slice(0, -1) + last)).toBeUndefined();
    expect(east.read('')).toBeUndefined();
    const elsewhere = new SessionCodes(KEY, 'north', new Map([['N', 'north']]));
    expect(east.read(elsewhere.make().code)).toBeUndefined();
  });

  it('cannot be made for a region without a symbol', () => {
    expect(() => new SessionCodes(KEY, 'north', REGIONS)).toThrow(RangeError);
  });
});
