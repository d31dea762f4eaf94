import { CLOUD_EVENTS_VERSION, messageType } from '#libs/contracts';
import type { EncodedRecord, OutgoingEvent } from '../port.ts';

export const CONTENT_TYPE = 'content-type';
export const BINARY_CONTENT = 'application/json';
export const STRUCTURED_CONTENT = 'application/cloudevents+json';

/** A CloudEvent in Kafka's binary mode: attributes as `ce_` headers, the data as JSON value. */
export function encodeEvent(event: OutgoingEvent, partition: number, nowMs: number): EncodedRecord {
  const headers: Record<string, string> = {
    ce_specversion: CLOUD_EVENTS_VERSION,
    ce_type: messageType(event.type),
    ce_source: event.source,
    ce_id: event.id,
    ce_time: event.time ?? timeText(nowMs),
    ce_subject: event.subject ?? event.key,
    [CONTENT_TYPE]: BINARY_CONTENT,
  };
  const more = event.headers;
  for (const name in more) headers[name] ??= more[name] ?? '';
  return { topic: event.topic, partition, key: event.key, value: JSON.stringify(event.data), headers };
}

let lastMs = Number.NaN;
let lastText = '';

/** RFC 3339; many events of one millisecond share it. */
function timeText(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms;
    lastText = new Date(ms).toISOString();
  }
  return lastText;
}

/** A record's own length and offset fields, and its batch's share, at most. */
const FRAME_BYTES = 64;

/**
 * About how many bytes a record takes: near enough to keep requests well under the broker's limit. Names
 * and headers are counted as ASCII.
 */
export function sizeOf(record: EncodedRecord): number {
  const { key, value, headers } = record;
  let size = FRAME_BYTES + (key?.length ?? 0);
  if (value !== null) size += typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0) + 4;
  return size;
}
