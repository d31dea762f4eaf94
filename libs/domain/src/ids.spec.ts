import fc from 'fast-check';
import { commandId, commandNameOf, iso, msOf } from './ids.ts';

describe('times', () => {
  it('are written as RFC 3339 in milliseconds, and read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (ms) => {
        expect(iso(ms)).toBe(new Date(ms).toISOString());
        expect(msOf(iso(ms))).toBe(ms);
      }),
    );
  });
});

describe('ids of commands', () => {
  it('say which decision, which command, which agent', () => {
    const id = commandId('client-1:primary', 7, 'connect', 'client-1');
    expect(id).toBe('client-1:primary/7/connect/client-1');
    expect(commandNameOf(id)).toBe('connect');
    expect(commandNameOf('nonsense')).toBe('');
  });
});
