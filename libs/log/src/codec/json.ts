import type { DeadLetterReason } from '#libs/contracts';

export interface JsonLimits {
  readonly bytes: number;
  readonly depth: number;
}

export type JsonResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: DeadLetterReason; readonly detail: string };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Parses untrusted JSON; size and depth are looked at before the parser sees it. */
export function parseJson(value: Buffer, limits: JsonLimits): JsonResult {
  if (value.length > limits.bytes) {
    return {
      ok: false,
      reason: 'oversized',
      detail: `${value.length} bytes; ${limits.bytes} are allowed`,
    };
  }
  // Our own log has no limit, and its records are long.
  if (limits.depth !== Number.POSITIVE_INFINITY && deeperThan(value, limits.depth)) {
    return { ok: false, reason: 'too-deep', detail: `nested deeper than ${limits.depth}` };
  }
  const text = value.toString('utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'broken-json', detail: `${value.length} bytes that are not JSON` };
  }
  // A key can also be written with escapes, so these make the slow look necessary.
  if ((text.includes('__proto__') || text.includes('\\u')) && hasForbiddenKey(parsed)) {
    return { ok: false, reason: 'forbidden-key', detail: 'a member is named __proto__' };
  }
  return { ok: true, value: parsed };
}

function deeperThan(bytes: Buffer, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
    }
  }
  return false;
}

function hasForbiddenKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.hasOwn(value, '__proto__')) return true;
  return Object.values(value).some(hasForbiddenKey);
}
