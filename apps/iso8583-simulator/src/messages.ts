import type { IsoMessage } from './codec.ts';

/** The messages that the simulators speak, each built in one place. */

export const SIGN_ON = '001';
export const ECHO = '301';
export const APPROVED = '00';
export const DUPLICATE = '94';

const ACQUIRER = '00000000001';
const TERMINAL = 'TRUNK001';
const MERCHANT = 'TRUNKLINE TESTS';
const CURRENCY_EUR = '978';
const PURCHASE = '000000';

export interface Purchase {
  readonly rrn: string;
  /** System trace audit number, six digits. */
  readonly stan: string;
  readonly amount: number;
  readonly atMs: number;
}

/** `MMDDhhmmss` in UTC. */
function transmissionTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\D/g, '').slice(4, 14);
}

export function networkRequest(stan: string, code: string, nowMs: number): IsoMessage {
  return {
    mti: '0800',
    fields: new Map([
      [7, transmissionTime(nowMs)],
      [11, stan],
      [70, code],
    ]),
  };
}

function purchaseFields(purchase: Purchase, pan: string, nowMs: number): Map<number, string> {
  const local = transmissionTime(purchase.atMs);
  return new Map([
    [2, pan],
    [3, PURCHASE],
    [4, String(purchase.amount)],
    [7, transmissionTime(nowMs)],
    [11, purchase.stan],
    [12, local.slice(4)],
    [13, local.slice(0, 4)],
    [18, '5411'],
    [22, '051'],
    [25, '00'],
    [32, ACQUIRER],
    [37, purchase.rrn],
    [41, TERMINAL],
    [42, MERCHANT],
    [49, CURRENCY_EUR],
  ]);
}

export function purchaseRequest(purchase: Purchase, pan: string): IsoMessage {
  return { mti: '0200', fields: purchaseFields(purchase, pan, purchase.atMs) };
}

/** Undoes a purchase whose outcome is unknown; `isRepeat` says that it was sent before. */
export function reversalRequest(
  purchase: Purchase,
  pan: string,
  isRepeat: boolean,
  nowMs: number,
): IsoMessage {
  const fields = purchaseFields(purchase, pan, nowMs);
  const forwarder = ''.padStart(11, '0');
  fields.set(90, `0200${purchase.stan}${transmissionTime(purchase.atMs)}${ACQUIRER}${forwarder}`);
  return { mti: isRepeat ? '0401' : '0400', fields };
}

/** What a host knows a purchase by: its reference number, or else its trace number, time and terminal. */
export function purchaseKey({ fields }: IsoMessage): string {
  return fields.get(37) ?? traceKey(fields.get(11), fields.get(7), fields.get(41));
}

/** The key of the purchase that a reversal undoes; without a reference number, its original data tell. */
export function reversedKey(message: IsoMessage): string {
  const { fields } = message;
  const original = fields.get(90);
  if (fields.has(37) || original === undefined) return purchaseKey(message);
  return traceKey(original.slice(4, 10), original.slice(10, 20), fields.get(41));
}

function traceKey(stan = '', time = '', terminal = ''): string {
  return [stan, time, terminal].join('-');
}

/** Fields that a response repeats from its request. */
const REPEATED = [3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 70, 90];

/** The answer to a request: third digit of the type odd, no repeat. */
export function responseTo(request: IsoMessage, code: string, server?: string): IsoMessage {
  const fields = new Map<number, string>();
  for (const number of REPEATED) {
    const value = request.fields.get(number);
    if (value !== undefined) fields.set(number, value);
  }
  fields.set(39, code);
  if (code === APPROVED && request.mti === '0200') fields.set(38, request.fields.get(11) ?? '000000');
  if (server !== undefined) fields.set(44, server.slice(0, 25));
  const [version, kind, step] = request.mti;
  return { mti: `${version}${kind}${Number(step) + 1}0`, fields };
}
