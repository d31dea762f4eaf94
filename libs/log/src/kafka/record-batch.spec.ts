import { createRequire } from 'node:module';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from './crc32c.ts';
import {
  KNOWN_KAFKAJS,
  kafkajsProduce,
  type ProduceDefinition,
  type ProduceOptions,
  replaceEncoding,
  withFastEncoding,
} from './fast-produce.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00.123Z');
const produce = kafkajsProduce();
const protocol = produce.protocol({ version: 7 });
const fast = withFastEncoding(protocol);

const plain = (topicData: ProduceOptions['topicData']): ProduceOptions => ({
  acks: -1,
  timeout: 5_000,
  compression: 0,
  topicData,
});
const bytesOf = async (of: typeof protocol, options: ProduceOptions): Promise<string> =>
  (await of(options).request.encode()).buffer.toString('hex');

const text = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 80 }));
const bytes = fc.uint8Array({ maxLength: 80 }).map((each) => Buffer.from(each));
const longText = fc
  .tuple(text, fc.nat(9_000))
  .map(([one, times]) => (one === '' ? 'x' : one).repeat(times % 300));
const message = fc.record({
  key: fc.oneof(text, bytes, fc.constant(null)),
  value: fc.oneof(text, bytes, longText, fc.constant(null)),
  headers: fc.dictionary(text, fc.oneof(text, bytes), { maxKeys: 12 }),
});
const topicData = fc.array(
  fc.record({
    topic: fc.string({ minLength: 1, maxLength: 40 }),
    partitions: fc.array(
      fc.record({ partition: fc.nat(99), messages: fc.array(message, { minLength: 1, maxLength: 70 }) }),
      { maxLength: 3 },
    ),
  }),
  { maxLength: 3 },
);

describe('the encoding of a produce request', () => {
  beforeEach(() => void jest.useFakeTimers({ now: NOW_MS }));
  afterEach(() => void jest.useRealTimers());

  it('is, to the byte, what kafkajs writes', async () => {
    await fc.assert(
      fc.asyncProperty(topicData, async (data) => {
        expect(await bytesOf(fast, plain(data))).toBe(await bytesOf(protocol, plain(data)));
      }),
      { numRuns: 200 },
    );
  });

  it('holds for records whose length takes one, three and four bytes', async () => {
    for (const size of [0, 40, 8_170, 9_000, 1_100_000]) {
      const data = [
        { topic: 't', partitions: [{ partition: 0, messages: [{ key: 'k', value: 'v'.repeat(size) }] }] },
      ];
      expect(await bytesOf(fast, plain(data))).toBe(await bytesOf(protocol, plain(data)));
    }
  });

  it.each([
    ['a timestamp of its own', { timestamp: '1' }],
    ['a header twice', { headers: { name: ['a', 'b'] } }],
  ])("is kafkajs's own for a record with %s", async (_what, members) => {
    const data = [
      { topic: 't', partitions: [{ partition: 0, messages: [{ key: 'k', value: 'v', ...members }] }] },
    ];
    expect(await bytesOf(fast, plain(data))).toBe(await bytesOf(protocol, plain(data)));
  });

  it('leaves older versions of the protocol, transactions and compression to kafkajs', () => {
    const encodeOf = (options: ProduceOptions, version: number): string => {
      const original = produce.protocol({ version });
      return withFastEncoding(() => original(options))(options).request.encode.toString();
    };
    const own = encodeOf(plain([]), 7);
    expect(encodeOf(plain([]), 3)).toBe(own);
    for (const other of [
      encodeOf(plain([]), 2),
      encodeOf({ ...plain([]), transactionalId: 'a' }, 7),
      encodeOf({ ...plain([]), compression: 1 }, 7),
    ]) {
      expect(other).not.toBe(own);
    }
  });
});

describe('CRC-32C', () => {
  it('gives the known checks', () => {
    const of = (some: Buffer) => crc32c(some, 0, some.length);
    expect(of(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(of(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(of(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(of(Buffer.alloc(0))).toBe(0);
  });
});

describe("what stands in the place of kafkajs's encoding", () => {
  const definition = (): ProduceDefinition => ({ protocol: produce.protocol });
  /** @returns why kafkajs's own encoding stays; undefined: it does not. */
  function leftWith(version: string, requests: object | undefined): string | undefined {
    let why: string | undefined;
    replaceEncoding(
      (error) => {
        why = String(error);
      },
      (path) => {
        if (path === 'kafkajs/package.json') return { version };
        if (requests === undefined) throw new Error('no such module');
        return requests;
      },
    );
    return why;
  }

  it('is put there for the version that it was compared with, which package.json pins', () => {
    const found = definition();
    expect(leftWith(KNOWN_KAFKAJS, { requests: { Produce: found } })).toBeUndefined();
    expect(found.protocol).not.toBe(produce.protocol);
    const { dependencies } = createRequire(import.meta.url)('../../../../package.json') as {
      dependencies: Record<string, string>;
    };
    expect(dependencies.kafkajs).toBe(KNOWN_KAFKAJS);
  });

  it('is left out, and says so, with any other kafkajs', () => {
    const found = definition();
    expect(leftWith('2.3.0', { requests: { Produce: found } })).toContain('2.3.0');
    expect(found.protocol).toBe(produce.protocol);
    expect(leftWith(KNOWN_KAFKAJS, undefined)).toContain('no such module');
    expect(leftWith(KNOWN_KAFKAJS, { requests: {} })).toContain('elsewhere');
    expect(leftWith(KNOWN_KAFKAJS, { requests: { Produce: { protocol: 1 } } })).toContain('elsewhere');
  });

  it.each([
    ['key', { key: 7, value: 'v' }],
    ['value', { key: 'k', value: { of: 'an object' } }],
    ['header', { key: 'k', value: 'v', headers: { name: 7 } }],
  ])('leaves a record to kafkajs whose %s is neither text nor bytes', (_what, message) => {
    const data = [{ topic: 't', partitions: [{ partition: 0, messages: [message as never] }] }];
    const { request } = protocol(plain(data));
    expect(withFastEncoding(() => ({ request, response: null }))(plain(data)).request).toBe(request);
  });
});
