import type { verify } from '#libs/domain';
import type { RawRecord, RecordPosition } from '#libs/log';

/**
 * A slice of the log as a file: one JSON object a line.
 *
 *   a record     {topic, partition, offset, timestamp, key | key_base64, headers, value | value_text | value_base64}
 *   an app line  {file, line, fate: {time, rrn, mti, fate, server?}}
 *
 * `value` is the record's JSON where writing it again gives the same bytes, `value_text` any other text; an absent key or
 * value is absent. `timestamp` is the record's own, RFC 3339. Order: as read; within a partition, by offset.
 */

export interface SlicedRecord {
  readonly kind: 'record';
  readonly at: RecordPosition;
  readonly raw: RawRecord;
}
export interface SlicedFate {
  readonly kind: 'fate';
  readonly fate: verify.FateRecord;
}
export type SliceLine = SlicedRecord | SlicedFate;

/** A line that is none of a slice; the message says why. */
export class NoSliceLine extends Error {}

export function lineOfRecord({ topic, partition, offset }: RecordPosition, raw: RawRecord): string {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw.headers)) headers[name] = value.toString('utf8');
  return JSON.stringify({
    topic,
    partition,
    offset,
    timestamp: new Date(raw.timestampMs).toISOString(),
    ...(raw.key === null ? {} : (asText('key', raw.key) ?? { key_base64: raw.key.toString('base64') })),
    headers,
    ...(raw.value === null ? {} : valuePart(raw.value)),
  });
}

export function lineOfFate({ place, timeMs, rrn, mti, fate, server }: verify.FateRecord): string {
  const time = new Date(timeMs).toISOString();
  return JSON.stringify({ file: place.file, line: place.line, fate: { time, rrn, mti, fate, server } });
}

/** @throws NoSliceLine */
export function parseLine(text: string): SliceLine {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    throw new NoSliceLine('it is not JSON');
  }
  if (typeof line !== 'object' || line === null) throw new NoSliceLine('it is no JSON object');
  return 'file' in line ? fateOf(line as Line) : recordOf(line as Line);
}

type Line = Record<string, unknown>;

function recordOf(line: Line): SlicedRecord {
  const { topic, partition, offset, timestamp, headers } = line;
  if (typeof topic !== 'string' || !topic.includes('.'))
    throw new NoSliceLine('topic must be <region>.<name>');
  if (!isCount(partition) || !isCount(offset)) throw new NoSliceLine('partition and offset must be counts');
  const timestampMs = Date.parse(String(timestamp));
  if (Number.isNaN(timestampMs)) throw new NoSliceLine('timestamp must be RFC 3339');
  if (typeof headers !== 'object' || headers === null) throw new NoSliceLine('headers must be an object');
  const pairs = Object.entries(headers).map(([name, value]) => [name, Buffer.from(String(value))]);
  const raw = {
    key: bytesOf(line, 'key'),
    value: line.value === undefined ? bytesOf(line, 'value') : Buffer.from(JSON.stringify(line.value)),
    headers: Object.fromEntries(pairs) as Record<string, Buffer>,
    timestampMs,
  };
  return { kind: 'record', at: { topic, partition, offset }, raw };
}

function fateOf({ file, line, fate }: Line): SlicedFate {
  if (typeof file !== 'string' || !isCount(line)) throw new NoSliceLine('file and line must be given');
  const read = readFate(fate, { file, line });
  if (read === undefined) throw new NoSliceLine('fate must be {time, rrn, mti, fate, server?}');
  return { kind: 'fate', fate: read };
}

/** A line of an application's fates file; undefined: it is something else. */
export function readFate(line: unknown, place: verify.FilePlace): verify.FateRecord | undefined {
  if (typeof line !== 'object' || line === null) return undefined;
  const { time, rrn, mti, fate, server } = line as Line;
  const timeMs = Date.parse(String(time));
  if (Number.isNaN(timeMs) || !isText(rrn) || !isText(mti) || !isText(fate)) return undefined;
  return { place, timeMs, rrn, mti, fate, ...(isText(server) ? { server } : {}) };
}

function valuePart(value: Buffer): object {
  const text = asText('value_text', value);
  if (text === undefined) return { value_base64: value.toString('base64') };
  try {
    const parsed: unknown = JSON.parse(text.value_text ?? '');
    const isSame = isObject(parsed) && JSON.stringify(parsed) === text.value_text;
    return isSame ? { value: parsed } : text;
  } catch {
    return text;
  }
}

function asText<N extends string>(name: N, bytes: Buffer): Record<N, string> | undefined {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? ({ [name]: text } as Record<N, string>) : undefined;
}

function bytesOf(line: Line, name: 'key' | 'value'): Buffer | null {
  const text = line[name === 'key' ? 'key' : 'value_text'];
  if (typeof text === 'string') return Buffer.from(text, 'utf8');
  const base64 = line[`${name}_base64`];
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : null;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
