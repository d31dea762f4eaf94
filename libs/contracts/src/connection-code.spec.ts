import fc from 'fast-check';
import {
  CODE_ALPHABET,
  CODE_SYMBOLS,
  formatConnectionCode,
  makeConnectionCode,
  readConnectionCode,
} from './connection-code.ts';

const random = fc.uint8Array({ minLength: 12, maxLength: 12 });
const symbol = fc.constantFrom(...CODE_ALPHABET);
const code = fc.tuple(symbol, random).map(([region, bytes]) => makeConnectionCode(region, bytes));
const position = fc.integer({ min: 0, max: CODE_SYMBOLS - 1 });

describe('the connection code', () => {
  it('is 14 symbols in groups of 4, 4, 4 and 2, the home region first', () => {
    const made = makeConnectionCode('E', new Uint8Array(12).fill(0xff));
    expect(formatConnectionCode(made)).toMatch(/^EZZZ-ZZZZ-ZZZZ-Z[0-9A-Z]$/);
    expect(readConnectionCode(made)).toEqual({ kind: 'code', code: made, regionSymbol: 'E' });
  });

  it('is read without regard to case, hyphens, blanks, and with O, I and L for 0 and 1', () => {
    fc.assert(
      fc.property(code, fc.constantFrom('O', 'o'), fc.constantFrom('I', 'i', 'L', 'l'), (made, zero, one) => {
        const typed = ` ${formatConnectionCode(made).toLowerCase()} `
          .replaceAll('0', zero)
          .replaceAll('1', one);
        expect(readConnectionCode(typed)).toMatchObject({ kind: 'code', code: made });
      }),
    );
  });

  it('tells any one wrong symbol', () => {
    fc.assert(
      fc.property(code, position, symbol, (made, at, other) => {
        fc.pre(made.charAt(at) !== other);
        const typed = made.slice(0, at) + other + made.slice(at + 1);
        expect(readConnectionCode(typed)).toEqual({ kind: 'fault', fault: 'mistyped' });
      }),
    );
  });

  it('tells any two symbols that changed places', () => {
    fc.assert(
      fc.property(code, position, position, (made, one, other) => {
        fc.pre(made.charAt(one) !== made.charAt(other));
        const symbols = [...made];
        symbols[one] = made.charAt(other);
        symbols[other] = made.charAt(one);
        expect(readConnectionCode(symbols.join(''))).toEqual({ kind: 'fault', fault: 'mistyped' });
      }),
    );
  });

  it('is not what is too short, too long or holds another symbol', () => {
    const made = makeConnectionCode('W', new Uint8Array(12));
    expect(readConnectionCode('')).toEqual({ kind: 'fault', fault: 'wrong-length' });
    expect(readConnectionCode(made.slice(1))).toEqual({ kind: 'fault', fault: 'wrong-length' });
    expect(readConnectionCode(`${made}0`)).toEqual({ kind: 'fault', fault: 'wrong-length' });
    expect(readConnectionCode('0'.repeat(10_000))).toEqual({ kind: 'fault', fault: 'wrong-length' });
    expect(readConnectionCode(made.replace('W', 'U'))).toEqual({ kind: 'fault', fault: 'wrong-symbol' });
    expect(() => makeConnectionCode('U', new Uint8Array(12))).toThrow(RangeError);
    expect(() => makeConnectionCode('E', new Uint8Array(11))).toThrow(RangeError);
  });
});
