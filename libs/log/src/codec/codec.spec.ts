import { DEAD_LETTER_REASONS, LIMITS } from '#libs/contracts';
import type { LogRecord, OutgoingEvent } from '../port.ts';
import { type DecodeOptions, decodeRecord, WIRE_LIMITS } from './decode.ts';
import { encodeEvent } from './encode.ts';

const at = { topic: 'east.connection-status', partition: 2, offset: 9 };
const event: OutgoingEvent = {
  topic: at.topic,
  key: 'k',
  id: 'id-1',
  type: 'connection-lost',
  source: 'spiffe://trunkline/east/client-sidecar/c',
  time: '2026-11-21T07:00:00.000Z',
  data: { connection_id: 'k', epoch: 1 },
  headers: { traceparent: '00-abc' },
};

interface Parts {
  readonly key?: string | null;
  readonly value?: string | Buffer | null;
  readonly headers?: Record<string, string | undefined>;
  readonly timestampMs?: number;
}

/** The event's record, with some parts replaced. */
function read(parts: Parts = {}, options: Partial<DecodeOptions> = {}): LogRecord {
  const encoded = encodeEvent(event, 2, 0);
  const headers: Record<string, Buffer> = {};
  for (const [name, value] of Object.entries({ ...encoded.headers, ...parts.headers })) {
    if (value !== undefined) headers[name] = Buffer.from(value);
  }
  const value = parts.value === undefined ? encoded.value : parts.value;
  const key = parts.key === undefined ? 'k' : parts.key;
  const raw = {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers,
    timestampMs: parts.timestampMs ?? 1_234,
  };
  return decodeRecord(at, raw, { limits: WIRE_LIMITS, ...options });
}

const reasonOf = (parts: Parts, options?: Partial<DecodeOptions>) => {
  const record = read(parts, options);
  return record.readable ? 'readable' : record.reason;
};

describe('the codec', () => {
  it('reads what it writes in binary mode', () => {
    expect(read()).toMatchObject({
      readable: true,
      ...at,
      key: 'k',
      id: 'id-1',
      name: 'connection-lost',
      source: event.source,
      subject: 'k',
      timeMs: Date.parse('2026-11-21T07:00:00.000Z'),
      data: event.data,
    });
    expect(read().headers).toMatchObject({ traceparent: '00-abc', ce_type: 'trunkline.connection-lost.v1' });
  });

  it('lets no header of the caller replace an attribute', () => {
    const record = encodeEvent({ ...event, headers: { ce_id: 'another' } }, 0, 0);
    expect(record.headers.ce_id).toBe('id-1');
  });

  it('reads structured mode, its extensions as headers', () => {
    const envelope = {
      specversion: '1.0',
      type: 'trunkline.connection-lost.v1',
      source: 's',
      id: 'i',
      correlationid: 'story',
      data: { a: 1 },
    };
    const headers = Object.fromEntries(
      Object.keys(encodeEvent(event, 0, 0).headers).map((name) => [name, undefined]),
    );
    const record = read({
      value: JSON.stringify(envelope),
      headers: { ...headers, 'content-type': 'application/cloudevents+json; charset=utf-8' },
    });
    expect(record).toMatchObject({ readable: true, id: 'i', data: { a: 1 }, timeMs: 1_234, subject: 'k' });
    expect(record.headers.ce_correlationid).toBe('story');
  });

  it('takes the key for an absent subject and the record time for an absent time', () => {
    const record = read({ headers: { ce_subject: undefined, ce_time: undefined } });
    expect(record).toMatchObject({ readable: true, subject: 'k', timeMs: 1_234 });
  });

  it('takes what the parser makes of the data, or its reason', () => {
    expect(read({}, { parse: () => ({ ok: true, data: 'parsed' }) })).toMatchObject({ data: 'parsed' });
    const parse = () => ({ ok: false, reason: 'wrong-topic', detail: '' }) as const;
    expect(reasonOf({}, { parse })).toBe('wrong-topic');
  });

  const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  it.each<[string, string, Parts]>([
    ['without a key', 'missing-key', { key: null }],
    ['with an empty key', 'missing-key', { key: '' }],
    ['without a value', 'missing-value', { value: null }],
    ['over the size limit', 'oversized', { value: `{"a":"${'x'.repeat(LIMITS.messageBytes)}"}` }],
    ['of broken JSON', 'broken-json', { value: '{"a":' }],
    ['of an empty value', 'broken-json', { value: '' }],
    ['nested too deep', 'too-deep', { value: `{"a":${deep(LIMITS.jsonDepth)}}` }],
    ['with a __proto__', 'forbidden-key', { value: '{"a":{"__proto__":{}}}' }],
    ['with an escaped __proto__', 'forbidden-key', { value: '{"\\u005f_proto__":1}' }],
    ['without specversion', 'not-a-cloudevent', { headers: { ce_specversion: undefined } }],
    ['of another specversion', 'not-a-cloudevent', { headers: { ce_specversion: '0.3' } }],
    ['without id', 'not-a-cloudevent', { headers: { ce_id: undefined } }],
    ['without source', 'not-a-cloudevent', { headers: { ce_source: '' } }],
    ['without type', 'not-a-cloudevent', { headers: { ce_type: undefined } }],
    ['with a time that is none', 'not-a-cloudevent', { headers: { ce_time: 'yesterday' } }],
    ['of a time before all dates', 'not-a-cloudevent', { timestampMs: -9e15 }],
    ['of a time behind all dates', 'not-a-cloudevent', { timestampMs: 9e15 }],
    ['of a foreign type', 'unknown-type', { headers: { ce_type: 'com.example.x.v1' } }],
    ['of a type without version', 'unknown-type', { headers: { ce_type: 'trunkline.connection-lost' } }],
    ['of another version', 'unknown-version', { headers: { ce_type: 'trunkline.connection-lost.v2' } }],
    ['whose subject is not its key', 'key-contradicts-data', { headers: { ce_subject: 'other' } }],
    ['whose data is no object', 'invalid-data', { value: '[1]' }],
  ])('says of a record %s: %s', (_what, reason, parts) => {
    expect(DEAD_LETTER_REASONS).toContain(reason);
    expect(reasonOf(parts)).toBe(reason);
  });

  it('counts no brackets inside strings as depth, and takes what is just deep enough', () => {
    expect(reasonOf({ value: `{"a":"${'[{\\"'.repeat(40)}"}` })).toBe('readable');
    expect(reasonOf({ value: `{"a":${deep(LIMITS.jsonDepth - 1)}}` })).toBe('readable');
  });

  it('tells no payload in what it says of a failure', () => {
    const record = read({ value: '{"pan":"4111111111111111"' });
    expect(record.readable ? '' : record.detail).not.toContain('4111');
  });
});
