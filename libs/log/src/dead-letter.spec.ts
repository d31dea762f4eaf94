import { deadLetterTopic } from '#libs/contracts';
import { decodeRecord, WIRE_LIMITS } from './codec/decode.ts';
import { sizeOf } from './codec/encode.ts';
import { DEAD_LETTER_KEEPS, deadLetter, FORWARDED_BYTES, forwarded, putAside } from './dead-letter.ts';
import { DEAD_LETTER_BYTES } from './kafka/topics.ts';
import { MemoryBroker, type WriteRequest } from './memory/broker.ts';
import type { LogRecord, RawRecord } from './port.ts';

const TOPIC = 'east.connection-status';
const LETTERS = deadLetterTopic(TOPIC);
const KIB = 1024;

function recordOf(raw: Partial<RawRecord>): LogRecord {
  const whole = { key: Buffer.from('k'), value: Buffer.from('{}'), headers: {}, timestampMs: 0, ...raw };
  return decodeRecord({ topic: TOPIC, partition: 1, offset: 7 }, whole, { limits: WIRE_LIMITS });
}

describe('a dead letter', () => {
  it('keeps key, value and headers as they were', () => {
    const headers = { ce_id: Buffer.from('a'), traceparent: Buffer.from('b') };
    const written = deadLetter(recordOf({ headers }), 'broken-json');
    expect(written).toMatchObject({ topic: LETTERS, partition: 1, key: Buffer.from('k') });
    expect(written.headers).toEqual({
      ...headers,
      dl_reason: 'broken-json',
      dl_topic: TOPIC,
      dl_partition: '1',
      dl_offset: '7',
    });
  });

  it('fits its topic whatever the record was, keeps its small headers, and says what was cut', () => {
    const record = recordOf({
      key: Buffer.alloc(900 * KIB, 'k'),
      value: Buffer.alloc(3_000 * KIB, 'v'),
      headers: {
        padding: Buffer.alloc(900 * KIB, 'h'),
        ce_id: Buffer.from('id'),
        ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`more-${n}`, Buffer.alloc(8 * KIB)])),
      },
    });
    const written = deadLetter(record, 'oversized');
    expect(sizeOf(written)).toBeLessThan(DEAD_LETTER_BYTES - 64 * KIB);
    expect(written.key).toHaveLength(DEAD_LETTER_KEEPS.key);
    expect(written.value).toHaveLength(DEAD_LETTER_KEEPS.value);
    expect(written.headers).toMatchObject({
      ce_id: Buffer.from('id'),
      dl_truncated: `${3_000 * KIB}`,
      dl_truncated_key: `${900 * KIB}`,
      dl_dropped_headers: '14',
    });
  });
});

describe('a record that is to be forwarded', () => {
  it('is not, when with the header it gets it might not fit its topic any more', () => {
    const padding = (bytes: number) => ({ headers: { padding: Buffer.alloc(bytes) } });
    expect(forwarded(recordOf(padding(FORWARDED_BYTES - KIB)), 0)).toMatchObject({
      topic: TOPIC,
      partition: 0,
    });
    expect(forwarded(recordOf(padding(FORWARDED_BYTES)), 0)).toBeUndefined();
  });
});

describe('what is put aside', () => {
  async function world(refuses: (request: WriteRequest) => boolean) {
    const broker = new MemoryBroker();
    const log = broker.log('test');
    await log.ensureTopics('east', { partitions: 2 });
    broker.onWrite = (request) => (refuses(request) ? 'refused' : 'none');
    const seen = async (topic: string) => {
      const found: LogRecord[] = [];
      const onBatch = async ({ records }: { records: readonly LogRecord[] }) => void found.push(...records);
      const tail = await log.tail({ topics: [topic], from: 'earliest', onBatch });
      await tail.caughtUp();
      await tail.stop();
      return found.map(({ raw, headers }) => [raw.key === null ? 'bare' : `${raw.key}`, headers.dl_reason]);
    };
    return { log, seen };
  }
  const named = (key: string) => recordOf({ key: Buffer.from(key) });

  it('is written without key, value and headers when Kafka refuses it as it is, and the others as they are', async () => {
    const { log, seen } = await world(({ records }) => records.some(({ key }) => `${key}` === 'unfit'));
    const letters = ['unfit', 'a', 'b'].map((key) => ({
      record: named(key),
      written: deadLetter(named(key), 'broken-json'),
    }));
    const sentOn = {
      record: named('unfit'),
      written: { ...deadLetter(named('unfit'), 'oversized'), topic: TOPIC, headers: {} },
    };
    await putAside(log, [...letters, sentOn]);
    expect(await seen(LETTERS)).toEqual([
      ['bare', 'broken-json'],
      ['a', 'broken-json'],
      ['b', 'broken-json'],
      ['bare', 'oversized'],
    ]);
  });

  it('is not given up when Kafka can’t be reached, nor when it refuses everything', async () => {
    const refusing = await world(() => true);
    const letter = { record: named('a'), written: deadLetter(named('a'), 'broken-json') };
    await expect(putAside(refusing.log, [letter])).rejects.toMatchObject({ name: 'RecordsRefused' });
  });
});
