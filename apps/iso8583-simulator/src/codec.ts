import { FIELDS, type Field } from './fields.ts';

/** A message: its type and its fields by number. */
export interface IsoMessage {
  readonly mti: string;
  readonly fields: ReadonlyMap<number, string>;
}

/** Says which field and what kind of fault, never what stood there. */
export class IsoError extends Error {
  constructor(
    readonly field: number,
    readonly fault:
      | 'unknown-field'
      | 'wrong-length'
      | 'wrong-characters'
      | 'cut-off'
      | 'left-over'
      | 'bad-bitmap',
  ) {
    super(`field ${field}: ${fault}`);
  }
}

const MTI_LENGTH = 4;
/** A bitmap of 64 bits as hex digits. */
const BITMAP_LENGTH = 16;
const DIGITS = /^\d*$/;
const HEX = /^[0-9A-Fa-f]*$/;
const AMOUNT = /^[CD]\d+$/;

/** @throws IsoError for a field that does not fit its place in the table. */
export function encodeIso(message: IsoMessage): Buffer {
  if (message.mti.length !== MTI_LENGTH || !DIGITS.test(message.mti))
    throw new IsoError(0, 'wrong-characters');
  const numbers = [...message.fields.keys()].sort((a, b) => a - b);
  const hasSecondary = (numbers.at(-1) ?? 0) > 64;
  const bits = new Uint8Array(hasSecondary ? 16 : 8);
  const set = (number: number): void => {
    const index = (number - 1) >> 3;
    bits[index] = (bits[index] ?? 0) | (0x80 >> ((number - 1) & 7));
  };
  if (hasSecondary) set(1);
  let body = '';
  for (const number of numbers) {
    set(number);
    body += encodeField(number, message.fields.get(number) ?? '');
  }
  return Buffer.from(message.mti + Buffer.from(bits).toString('hex').toUpperCase() + body, 'latin1');
}

function fieldOf(number: number): Field {
  const field = FIELDS.get(number);
  if (field === undefined) throw new IsoError(number, 'unknown-field');
  return field;
}

function encodeField(number: number, value: string): string {
  const { kind, length } = fieldOf(number);
  switch (kind) {
    case 'n':
      return checked(number, value.padStart(length, '0'), length, DIGITS);
    case 'an':
      return checked(number, value.padEnd(length, ' '), length);
    case 'amount':
      return checked(number, value, length, AMOUNT);
    case 'b':
      return checked(number, value, length * 2, HEX);
    case 'll-n':
      return prefixed(number, value, length, 2, DIGITS);
    case 'll-an':
      return prefixed(number, value, length, 2);
    case 'lll-an':
      return prefixed(number, value, length, 3);
    default:
      return kind satisfies never;
  }
}

function checked(number: number, value: string, length: number, pattern?: RegExp): string {
  if (value.length !== length) throw new IsoError(number, 'wrong-length');
  if (pattern !== undefined && !pattern.test(value)) throw new IsoError(number, 'wrong-characters');
  return value;
}

function prefixed(number: number, value: string, most: number, digits: number, pattern?: RegExp): string {
  if (value.length > most) throw new IsoError(number, 'wrong-length');
  return String(value.length).padStart(digits, '0') + checked(number, value, value.length, pattern);
}

/** @throws IsoError for anything that is not exactly one message. */
export function decodeIso(bytes: Buffer): IsoMessage {
  const text = bytes.toString('latin1');
  const mti = text.slice(0, MTI_LENGTH);
  if (mti.length < MTI_LENGTH) throw new IsoError(0, 'cut-off');
  if (!DIGITS.test(mti)) throw new IsoError(0, 'wrong-characters');
  const { numbers, end } = readBitmaps(text);
  const fields = new Map<number, string>();
  let at = end;
  for (const number of numbers) {
    const { value, next } = readField(text, at, number);
    fields.set(number, value);
    at = next;
  }
  if (at !== text.length) throw new IsoError(0, 'left-over');
  return { mti, fields };
}

function readBitmaps(text: string): { numbers: number[]; end: number } {
  const first = readBitmap(text, MTI_LENGTH, 0);
  const hasSecondary = first[0] === 1;
  const second = hasSecondary ? readBitmap(text, MTI_LENGTH + BITMAP_LENGTH, 64) : [];
  return {
    numbers: [...first, ...second].filter((number) => number !== 1),
    end: MTI_LENGTH + BITMAP_LENGTH * (hasSecondary ? 2 : 1),
  };
}

function readBitmap(text: string, at: number, base: number): number[] {
  const hex = text.slice(at, at + BITMAP_LENGTH);
  if (hex.length < BITMAP_LENGTH) throw new IsoError(1, 'cut-off');
  if (!HEX.test(hex)) throw new IsoError(1, 'bad-bitmap');
  const numbers: number[] = [];
  for (const [index, byte] of Buffer.from(hex, 'hex').entries()) {
    for (let bit = 0; bit < 8; bit += 1) {
      if ((byte & (0x80 >> bit)) !== 0) numbers.push(base + index * 8 + bit + 1);
    }
  }
  return numbers;
}

const PREFIX_DIGITS = { n: 0, an: 0, amount: 0, b: 0, 'll-n': 2, 'll-an': 2, 'lll-an': 3 } as const;
const PATTERNS: Partial<Record<Field['kind'], RegExp>> = {
  n: DIGITS,
  'll-n': DIGITS,
  b: HEX,
  amount: AMOUNT,
};

function readField(text: string, at: number, number: number): { value: string; next: number } {
  const field = fieldOf(number);
  const digits = PREFIX_DIGITS[field.kind];
  let length = field.kind === 'b' ? field.length * 2 : field.length;
  if (digits > 0) {
    const prefix = text.slice(at, at + digits);
    if (prefix.length < digits) throw new IsoError(number, 'cut-off');
    if (!DIGITS.test(prefix)) throw new IsoError(number, 'wrong-characters');
    if (Number(prefix) > field.length) throw new IsoError(number, 'wrong-length');
    length = Number(prefix);
  }
  const next = at + digits + length;
  if (next > text.length) throw new IsoError(number, 'cut-off');
  return { value: checked(number, text.slice(at + digits, next), length, PATTERNS[field.kind]), next };
}
