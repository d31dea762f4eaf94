import fc from 'fast-check';
import { decodeIso, encodeIso, IsoError, type IsoMessage } from './codec.ts';
import { FIELDS, type Field } from './fields.ts';

const faultOf = (bytes: Buffer): string | undefined => {
  try {
    decodeIso(bytes);
  } catch (error) {
    return error instanceof IsoError ? `${error.field} ${error.fault}` : String(error);
  }
  return undefined;
};
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

const fieldAt = (number: number): Field => FIELDS.get(number) as Field;
const CHARACTERS = '7 aZ/\u00e9\u00ff0'.repeat(200);
const DIGITS = '7301946825'.repeat(200);

/** A value that fits the field; `seed` moves its length and its characters. */
function fitting({ kind, length }: Field, seed: number): string {
  const some = seed % (length + 1);
  switch (kind) {
    case 'n':
      return DIGITS.slice(seed, seed + length);
    case 'an':
      return CHARACTERS.slice(seed, seed + length);
    case 'amount':
      return `C${DIGITS.slice(seed, seed + length - 1)}`;
    case 'b':
      return DIGITS.slice(seed, seed + length * 2);
    case 'll-n':
      return DIGITS.slice(seed, seed + some);
    case 'll-an':
    case 'lll-an':
      return CHARACTERS.slice(seed, seed + some);
    default:
      return kind satisfies never;
  }
}

describe('the ISO 8583 codec', () => {
  it('writes a network message as jPOS ISO87APackager does', () => {
    const message: IsoMessage = {
      mti: '0800',
      fields: new Map([
        [7, '1121071530'],
        [11, '000001'],
        [70, '301'],
      ]),
    };
    // Bits 1, 7 and 11; in the second bitmap bit 70.
    const bytes = ascii('0800' + '8220000000000000' + '0400000000000000' + '1121071530' + '000001' + '301');
    expect(encodeIso(message)).toEqual(bytes);
    expect(decodeIso(bytes)).toEqual(message);
  });

  it('writes a purchase with one bitmap, fixed and variable fields', () => {
    const fields = new Map([
      [2, '4000000000000002'],
      [3, '000000'],
      [4, '1000'],
      [11, '1'],
      [37, 'ABC123'],
      [42, 'SHOP'],
    ]);
    expect(encodeIso({ mti: '0200', fields }).toString()).toBe(
      '0200' +
        '7020000008400000' +
        '16' +
        '4000000000000002' +
        '000000' +
        '000000001000' +
        '000001' +
        'ABC123      ' +
        'SHOP           ',
    );
  });

  it.each(['=', 'D'])('reads a track 2 whose parts are separated by %s', (separator) => {
    const message = {
      mti: '0200',
      fields: new Map([[35, `4000000000000002${separator}30121010000000000000`]]),
    };
    expect(decodeIso(encodeIso(message))).toEqual(message);
  });

  it('knows each field of the table but the bitmaps', () => {
    expect(FIELDS.size).toBe(128 - 2);
    expect(FIELDS.has(1) || FIELDS.has(65)).toBe(false);
  });

  it('reads back whatever it wrote, for every field of the table', () => {
    const numbers = fc.subarray([...FIELDS.keys()]);
    fc.assert(
      fc.property(numbers, fc.nat(1_000), (chosen, seed) => {
        const fields = new Map(chosen.map((number) => [number, fitting(fieldAt(number), seed)]));
        expect(decodeIso(encodeIso({ mti: '0200', fields }))).toEqual({ mti: '0200', fields });
      }),
    );
  });

  it.each([
    ['nothing', ascii(''), '0 cut-off'],
    ['half a type', ascii('02'), '0 cut-off'],
    ['a type that is no digits', ascii('02x00000000000000000'), '0 wrong-characters'],
    ['half a bitmap', ascii('0200' + '70'), '1 cut-off'],
    ['a bitmap that is not hex', ascii('0200ZZZZZZZZZZZZZZZZ'), '1 bad-bitmap'],
    ['a second bitmap that is missing', ascii('0800' + '8000000000000000'), '1 cut-off'],
    ['a fixed field that is cut off', ascii('0800' + '0020000000000000' + '12'), '11 cut-off'],
    [
      'a field 70 that is cut off',
      ascii('0800' + '8000000000000000' + '0400000000000000' + '30'),
      '70 cut-off',
    ],
    [
      'a variable field longer than it may be',
      ascii('0200' + '4000000000000000' + '20' + '44444444444444444444'),
      '2 wrong-length',
    ],
    ['a length that is no digits', ascii('0200' + '4000000000000000' + '1x'), '2 wrong-characters'],
    ['letters in a numeric field', ascii('0800' + '0020000000000000' + '12345x'), '11 wrong-characters'],
    ['bytes behind the last field', ascii('0800' + '0020000000000000' + '1234567'), '0 left-over'],
  ])('says what is wrong with %s', (_what, bytes, fault) => {
    expect(faultOf(bytes)).toBe(fault);
  });

  it('never says what stood in a field', () => {
    const fields = new Map([[2, '40000000000000020000']]);
    expect(() => encodeIso({ mti: '0200', fields })).toThrow(/^field 2: wrong-length$/);
  });

  it('never throws anything but its own error, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(faultOf(Buffer.from(bytes)) ?? '').not.toContain('Error');
      }),
    );
  });
});
