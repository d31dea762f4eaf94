import { type DeadLetterReason, LIMITS, MESSAGE_TYPE_PREFIX, MESSAGE_VERSION } from '#libs/contracts';
import type { DataReader, LogRecord, MessageParser, RawRecord, RecordPosition } from '../port.ts';
import { CONTENT_TYPE, STRUCTURED_CONTENT } from './encode.ts';
import { type JsonLimits, type JsonResult, parseJson } from './json.ts';
import { Received, Unreadable } from './record.ts';

export interface DecodeOptions {
  readonly parse?: MessageParser | undefined;
  readonly limits: JsonLimits;
  /** Reads the data of binary records instead of the limits and JSON.parse. */
  readonly read?: DataReader | undefined;
}

export const WIRE_LIMITS: JsonLimits = { bytes: LIMITS.messageBytes, depth: LIMITS.jsonDepth };
export const NO_LIMITS: JsonLimits = { bytes: Number.POSITIVE_INFINITY, depth: Number.POSITIVE_INFINITY };

/** CloudEvents attributes as they stand in a record, whichever mode it is in. */
interface Attributes {
  readonly specversion: unknown;
  readonly type: unknown;
  readonly source: unknown;
  readonly id: unknown;
  readonly time: unknown;
  readonly subject: unknown;
  readonly data: unknown;
  /** Attributes that a structured record holds and a binary one has as headers. */
  readonly extra: Record<string, string> | undefined;
}

class Unfit extends Error {
  constructor(
    readonly reason: DeadLetterReason,
    detail: string,
  ) {
    super(detail);
  }
}

/** Reads a record in binary or structured mode. Never throws: what can't be read says why. */
export function decodeRecord(at: RecordPosition, raw: RawRecord, options: DecodeOptions): LogRecord {
  try {
    return decode(at, raw, options);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return new Unreadable(at, error.reason, error.message, raw);
  }
}

function decode(at: RecordPosition, raw: RawRecord, options: DecodeOptions): LogRecord {
  if (raw.key === null || raw.key.length === 0) throw new Unfit('missing-key', 'the record has no key');
  if (raw.value === null) throw new Unfit('missing-value', 'the record has no value');
  const key = raw.key.toString('utf8');
  const contentType = raw.headers[CONTENT_TYPE]?.toString('utf8') ?? '';
  const isStructured = contentType.startsWith(STRUCTURED_CONTENT);
  const json =
    options.read && !isStructured ? readWith(options.read, raw.value) : parseJson(raw.value, options.limits);
  if (!json.ok) throw new Unfit(json.reason, json.detail);
  const attributes = isStructured ? structured(json.value) : binary(raw.headers, json.value);
  const event = checkAttributes(attributes, key, raw.timestampMs);
  let data: unknown = attributes.data;
  if (options.parse) {
    const parsed = options.parse(event.name, data, at.topic);
    if (!parsed.ok) throw new Unfit(parsed.reason, parsed.detail);
    data = parsed.data;
  }
  return new Received(at, key, event, data, raw, attributes.extra);
}

function readWith(read: DataReader, value: Buffer): JsonResult {
  try {
    return { ok: true, value: read(value) };
  } catch {
    return { ok: false, reason: 'broken-json', detail: `${value.length} bytes that can not be read` };
  }
}

function binary(headers: Readonly<Record<string, Buffer>>, data: unknown): Attributes {
  return {
    specversion: headers.ce_specversion?.toString('utf8'),
    type: headers.ce_type?.toString('utf8'),
    source: headers.ce_source?.toString('utf8'),
    id: headers.ce_id?.toString('utf8'),
    time: headers.ce_time?.toString('utf8'),
    subject: headers.ce_subject?.toString('utf8'),
    data,
    extra: undefined,
  };
}

function structured(envelope: unknown): Attributes {
  if (!isObject(envelope)) throw new Unfit('not-a-cloudevent', 'a structured event is a JSON object');
  const { specversion, type, source, id, time, subject, data, ...rest } = envelope;
  const extra: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value === 'string') extra[`ce_${name}`] = value;
  }
  return { specversion, type, source, id, time, subject, data, extra };
}

export interface CheckedAttributes {
  readonly name: string;
  readonly id: string;
  readonly source: string;
  readonly subject: string;
  readonly timeMs: number;
}

function checkAttributes(found: Attributes, key: string, recordTimeMs: number): CheckedAttributes {
  if (found.specversion !== '1.0') throw new Unfit('not-a-cloudevent', 'specversion must be 1.0');
  if (!isText(found.id)) throw new Unfit('not-a-cloudevent', 'id is missing');
  if (!isText(found.source)) throw new Unfit('not-a-cloudevent', 'source is missing');
  if (!isText(found.type)) throw new Unfit('not-a-cloudevent', 'type is missing');
  const name = nameOf(found.type);
  const subject = found.subject ?? key;
  if (!isText(subject)) throw new Unfit('not-a-cloudevent', 'subject must be text');
  if (subject !== key) throw new Unfit('key-contradicts-data', 'the subject is not the key');
  const timeMs = found.time === undefined ? recordTimeMs : timeOf(found.time);
  // Kafka keeps whatever time a producer says; the record's own is used as well, beside the event's.
  if (!isTime(timeMs) || !isTime(recordTimeMs))
    throw new Unfit('not-a-cloudevent', 'a time is beyond all dates');
  if (!isObject(found.data)) throw new Unfit('invalid-data', 'data must be a JSON object');
  return { name, id: found.id, source: found.source, subject, timeMs };
}

const TYPE_PATTERN = /^trunkline\.([a-z][a-z0-9-]*)\.v(\d{1,6})$/;
const names = new Map<string, string>();

function nameOf(type: string): string {
  const known = names.get(type);
  if (known !== undefined) return known;
  if (!type.startsWith(MESSAGE_TYPE_PREFIX)) throw new Unfit('unknown-type', 'not a type of ours');
  const match = TYPE_PATTERN.exec(type);
  const name = match?.[1];
  if (name === undefined) throw new Unfit('unknown-type', 'the type is not trunkline.<name>.v<n>');
  if (Number(match?.[2]) !== MESSAGE_VERSION) {
    throw new Unfit('unknown-version', `only version ${MESSAGE_VERSION} is known`);
  }
  if (names.size < NAME_CACHE) names.set(type, name);
  return name;
}

/** Types whose names are remembered; anyone can send types without end. */
const NAME_CACHE = 256;

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function timeOf(time: unknown): number {
  const ms = typeof time === 'string' && RFC_3339.test(time) ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(ms)) throw new Unfit('not-a-cloudevent', 'time must be RFC 3339');
  return ms;
}

/** Milliseconds since 1970, either way, beyond which there is no date. */
const DATE_LIMIT_MS = 8.64e15;

function isTime(ms: number): boolean {
  return Math.abs(ms) <= DATE_LIMIT_MS;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
