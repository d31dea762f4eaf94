/**
 * The connection code: what a person reads out to the other side. 14 Crockford base32 symbols in groups,
 * `E7F3-K9QX-M2B4-TR`: one for the home region, 12 random (60 bits), one check symbol.
 *
 * The check symbol makes the sum of the symbols, each weighed with its own power of the generator of GF(32),
 * zero. So one wrong symbol, and any two that changed places, are always told without asking anybody.
 *
 * The canonical form, which a broker derives the `connection_id` from, is the 14 symbols in upper case
 * without hyphens.
 */

export const CODE_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export const CODE_SYMBOLS = 14;
export const CODE_RANDOM_SYMBOLS = 12;
/** More than this is no code, whatever stands in it; in UTF-16 code units. */
export const CODE_TEXT_LENGTH = 64;

/** Why a text is no connection code. */
export const CODE_FAULTS = ['wrong-length', 'wrong-symbol', 'mistyped'] as const;
export type CodeFault = (typeof CODE_FAULTS)[number];

export type CodeRead =
  | { readonly kind: 'code' /** Canonical. */; readonly code: string; readonly regionSymbol: string }
  | { readonly kind: 'fault'; readonly fault: CodeFault };

/**
 * Makes a code, canonical.
 * @param regionSymbol the home region's symbol, one of the alphabet
 * @param random 12 random bytes, of which 5 bits each are used
 * @throws RangeError for another symbol or fewer bytes
 */
export function makeConnectionCode(regionSymbol: string, random: Uint8Array): string {
  if (regionSymbol.length !== 1 || !CODE_ALPHABET.includes(regionSymbol)) {
    throw new RangeError('the region symbol must be one symbol of the code alphabet');
  }
  if (random.length < CODE_RANDOM_SYMBOLS) throw new RangeError('a code needs 12 random bytes');
  let body = regionSymbol;
  for (const byte of random.subarray(0, CODE_RANDOM_SYMBOLS)) body += CODE_ALPHABET.charAt(byte & 31);
  return body + CODE_ALPHABET.charAt(weightedSum(body));
}

/** As people see it: groups of 4, 4, 4 and 2. */
export function formatConnectionCode(code: string): string {
  return (code.match(/.{1,4}/g) ?? []).join('-');
}

/** Reads what a person typed: case, hyphens and blanks do not matter, `O` is 0, `I` and `L` are 1. */
export function readConnectionCode(text: string): CodeRead {
  if (text.length > CODE_TEXT_LENGTH) return { kind: 'fault', fault: 'wrong-length' };
  const code = text
    .toUpperCase()
    .replace(/[\s\u2010-\u2015-]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  for (const symbol of code) {
    if (!CODE_ALPHABET.includes(symbol)) return { kind: 'fault', fault: 'wrong-symbol' };
  }
  if (code.length !== CODE_SYMBOLS) return { kind: 'fault', fault: 'wrong-length' };
  const check = CODE_ALPHABET.indexOf(code.charAt(CODE_SYMBOLS - 1));
  if (weightedSum(code.slice(0, -1)) !== check) return { kind: 'fault', fault: 'mistyped' };
  return { kind: 'code', code, regionSymbol: code.charAt(0) };
}

/** The last symbol's weight is the generator to the first power, the one before it to the second, and so on. */
function weightedSum(body: string): number {
  let sum = 0;
  for (const symbol of body) sum = timesGenerator(sum ^ CODE_ALPHABET.indexOf(symbol));
  return sum;
}

/** Multiplies by x in GF(32) with the primitive polynomial x⁵ + x² + 1. */
function timesGenerator(value: number): number {
  const shifted = value << 1;
  return shifted & 32 ? shifted ^ 0b100101 : shifted;
}
