import type { IncomingHttpHeaders } from 'node:http';
import {
  checkKey,
  type DeadLetterReason,
  type MessageDefinition,
  messageDefinition,
  parseMessage,
  regionKey,
  TOPIC,
  topicName,
} from '#libs/contracts';
import { decodeRecord, type RawRecord, type ReceivedEvent, WIRE_LIMITS } from '#libs/log';
import { Problem } from '../http/problem.ts';
import { traceIn } from '../http/trace-context.ts';

/** A CloudEvent that its topic takes. */
export interface IncomingEvent {
  readonly topic: string;
  readonly definition: MessageDefinition;
  readonly event: ReceivedEvent;
}

const STRUCTURED = /^application\/cloudevents\+json *(;|$)/i;
const BINARY = /^application\/json *(;|$)/i;
/** Topics that take events over HTTP. */
const OPEN_TOPICS: readonly string[] = [TOPIC.connectionStatus, TOPIC.healthReports];

/**
 * Reads a CloudEvent in the HTTP binding, binary or structured, as if it were a record: the same codec, the
 * same checks, the same reasons.
 * @throws Problem
 */
export function readEvent(
  headers: IncomingHttpHeaders,
  body: Buffer,
  region: string,
  nowMs: number,
): IncomingEvent {
  const contentType = headers['content-type'] ?? '';
  const structured = STRUCTURED.test(contentType);
  if (!structured && !BINARY.test(contentType)) {
    throw new Problem('unsupported-media-type', {
      detail: 'application/cloudevents+json, or application/json with ce-* headers',
    });
  }
  const raw: RawRecord = {
    key: Buffer.from(keyOf(headers, body, structured) ?? '-'),
    value: body,
    headers: recordHeaders(headers, contentType),
    timestampMs: nowMs,
  };
  const record = decodeRecord({ topic: '', partition: 0, offset: 0 }, raw, { limits: WIRE_LIMITS });
  if (!record.readable) throw refused(record.reason, record.detail);
  return checked(record, region);
}

function checked(event: ReceivedEvent, region: string): IncomingEvent {
  const definition = messageDefinition(event.name);
  if (definition && !OPEN_TOPICS.includes(definition.topic)) {
    throw refused('wrong-topic', `${event.name} is written by control loops only`);
  }
  const parsed = parseMessage(event.name, event.data);
  if (!parsed.ok) throw refused(parsed.reason, parsed.detail);
  if (!definition) throw refused('unknown-type', `${event.name} is not known`);
  const contradiction = checkKey(definition, parsed.data, event.key);
  if (contradiction) throw refused(contradiction.reason, contradiction.detail);
  const { home_region, control_region } = parsed.data as { home_region?: string; control_region?: string };
  if (event.name === 'connection-request' && home_region !== undefined && home_region !== region) {
    throw refused('wrong-home-region', `a connection is requested in its home region, ${home_region}`);
  }
  if (definition.key === 'control_region' && control_region !== region) {
    throw refused('wrong-home-region', `${control_region} is set in its own region`);
  }
  return { topic: topicName(region, definition.topic), definition, event };
}

function refused(reason: DeadLetterReason, detail: string): Problem {
  return new Problem('invalid-event', { detail, more: { reason } });
}

/** `ce-id` over HTTP is `ce_id` in a record; its values are percent-encoded there. */
function recordHeaders(headers: IncomingHttpHeaders, contentType: string): Record<string, Buffer> {
  const found: Record<string, Buffer> = { 'content-type': Buffer.from(contentType.toLowerCase()) };
  for (const [name, value] of Object.entries(traceIn(headers) ?? {})) found[name] = Buffer.from(value);
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('ce-') || typeof value !== 'string') continue;
    found[`ce_${name.slice(3)}`] = Buffer.from(decoded(value));
  }
  return found;
}

function attributeIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[`ce-${name}`];
  return typeof value === 'string' ? decoded(value) : undefined;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/**
 * Over HTTP nobody names a key: it is the subject, or what the data says. Looks only; whatever is wrong with the
 * body is for the codec to say.
 */
function keyOf(headers: IncomingHttpHeaders, body: Buffer, structured: boolean): string | undefined {
  const outer = objectIn(body);
  const attribute = (name: string): unknown => (structured ? outer?.[name] : attributeIn(headers, name));
  const type = attribute('type');
  const subject = attribute('subject');
  const data = structured ? (outer?.data as Record<string, unknown> | undefined) : outer;
  const name = typeof type === 'string' ? /^trunkline\.([a-z-]+)\.v\d+$/.exec(type)?.[1] : undefined;
  const member = name === undefined ? undefined : messageDefinition(name)?.key;
  const told = member && data?.[member];
  const key = subject ?? (member === 'control_region' && told ? regionKey(String(told)) : told);
  return typeof key === 'string' && key !== '' ? key : undefined;
}

function objectIn(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
