import { messageDefinition, parseMessage, parseType } from '#libs/contracts';
import { type GoldenRecord, goldenRecords } from '../../../../test/support/golden.ts';
import type { RawRecord, ReceivedEvent } from '../port.ts';
import { decodeRecord, WIRE_LIMITS } from './decode.ts';
import { encodeEvent } from './encode.ts';

const POSITION = { partition: 3, offset: 14 };
const WRITTEN_MS = Date.parse('2026-11-21T09:30:01Z');
const ATTRIBUTES = ['specversion', 'type', 'source', 'id', 'time', 'subject'];

function raw(key: string, value: string, headers: Record<string, string>): RawRecord {
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
  return {
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: Object.fromEntries(bytes),
    timestampMs: WRITTEN_MS,
  };
}

const decode = (topic: string, record: RawRecord) =>
  decodeRecord({ topic, ...POSITION }, record, { parse: parseMessage, limits: WIRE_LIMITS });

/** The same event in structured mode: attributes and data in one JSON object. */
function structured({ key, headers, data }: GoldenRecord): RawRecord {
  const { 'content-type': datacontenttype, ...others } = headers;
  const attributes = Object.entries(others).filter(([name]) => name.startsWith('ce_'));
  const bare = Object.entries(others).filter(([name]) => !name.startsWith('ce_'));
  const envelope = {
    ...Object.fromEntries(attributes.map(([name, value]) => [name.slice('ce_'.length), value])),
    datacontenttype,
    data,
  };
  return raw(key, JSON.stringify(envelope), {
    ...Object.fromEntries(bare),
    'content-type': 'application/cloudevents+json; charset=utf-8',
  });
}

describe.each(goldenRecords())('the golden $file', (golden) => {
  const { topic, key, headers, value, data } = golden;
  const expected = {
    topic,
    ...POSITION,
    readable: true,
    key,
    id: headers.ce_id,
    source: headers.ce_source,
    name: golden.name,
    subject: key,
    timeMs: Date.parse(headers.ce_time ?? ''),
    data,
  };

  it('is what the codec writes, byte for byte', () => {
    const others = Object.entries(headers).filter(
      ([name]) => name !== 'content-type' && !ATTRIBUTES.includes(name.slice('ce_'.length)),
    );
    const type = parseType(headers.ce_type ?? '');
    if (!type.ok) throw new Error(type.detail);
    const { ce_id: id = '', ce_source: source = '', ce_time: time = '' } = headers;
    const event = {
      topic,
      key,
      id,
      type: type.name,
      source,
      time,
      data,
      headers: Object.fromEntries(others),
    };
    expect(encodeEvent(event, 3, WRITTEN_MS)).toEqual({ topic, partition: 3, key, value, headers });
  });

  it('is read in binary mode', () => {
    expect(decode(topic, raw(key, value, headers))).toMatchObject(expected);
  });

  it('is read in structured mode', () => {
    const event = decode(topic, structured(golden)) as ReceivedEvent;
    expect(event).toMatchObject(expected);
    expect(event.headers).toMatchObject(
      Object.fromEntries(
        Object.entries(headers).filter(([name]) => name === 'ce_causationid' || name === 'writer_id'),
      ),
    );
  });

  it('is read without subject and time: the key and the record’s time are meant', () => {
    const { ce_subject: _, ce_time: __, ...rest } = headers;
    const event = decode(topic, raw(key, value, rest));
    expect(event).toMatchObject({ ...expected, timeMs: WRITTEN_MS });
  });
});

describe('the golden records', () => {
  it('are one for each message that this version writes', () => {
    const names = goldenRecords().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const undescribed = names.filter((name) => messageDefinition(name) === undefined);
    expect(undescribed.sort()).toEqual(['checkpoint', 'snapshot', 'writer-claimed']);
  });
});
