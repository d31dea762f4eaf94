import fc from 'fast-check';
import { type Framing, FramingError, MessageDecoder, readMessage } from './framing.ts';

const LOCAL: Framing = {
  length: 'binary-2',
  inclusive: false,
  skip: 0,
  mti: 'ascii',
  empty: 'refuse',
  maxBytes: 65_535,
};
const decode = (framing: Framing, ...chunks: Buffer[]) => {
  const decoder = new MessageDecoder(framing);
  return chunks.flatMap((chunk) => decoder.push(chunk));
};
const faultOf = (framing: Framing, ...chunks: Buffer[]): string | undefined => {
  try {
    decode(framing, ...chunks);
  } catch (error) {
    return error instanceof FramingError ? error.fault : String(error);
  }
  return undefined;
};
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const ebcdic = (digits: string): string => [...digits].map((digit) => `f${digit}`).join('');

describe('framing', () => {
  it.each<[string, Partial<Framing>, Buffer]>([
    ['2 bytes, exclusive, ASCII', {}, Buffer.concat([hex('0006'), Buffer.from('0200xy')])],
    ['2 bytes, inclusive', { inclusive: true }, Buffer.concat([hex('0008'), Buffer.from('0200xy')])],
    ['4 digits, exclusive', { length: 'ascii-4' }, Buffer.from('00060200xy')],
    ['4 digits, inclusive', { length: 'ascii-4', inclusive: true }, Buffer.from('00100200xy')],
    ['a TPDU of 5 bytes', { skip: 5 }, Buffer.concat([hex('000b 6000010002'), Buffer.from('0200xy')])],
    ['an MTI in BCD', { mti: 'bcd' }, hex('0004 0200 ffff')],
    ['an MTI in EBCDIC', { mti: 'ebcdic' }, hex(`0006 ${ebcdic('0200')} ffff`)],
    ['a TPDU and BCD', { skip: 5, mti: 'bcd' }, hex('0007 6000010002 0200')],
  ])('cuts out whole messages as they stood: %s', (_what, members, bytes) => {
    const framing = { ...LOCAL, ...members };
    const [first, second, ...others] = decode(framing, Buffer.concat([bytes, bytes]));
    expect([first?.bytes, second?.bytes]).toEqual([bytes, bytes]);
    expect(first).toMatchObject({ kind: 'request', exchange: 20 });
    expect(others).toEqual([]);
    expect(readMessage(bytes, framing)).toMatchObject({ kind: 'request' });
  });

  it('gives the same messages however the stream was split', () => {
    const one = Buffer.concat([hex('0009'), Buffer.from('0800hello')]);
    const two = Buffer.concat([hex('0004'), Buffer.from('0210')]);
    const stream = Buffer.concat([one, two, one]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 10 }), (cuts) => {
        const ends = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const chunks = ends.slice(1).map((end, index) => stream.subarray(ends[index], end));
        expect(decode(LOCAL, ...chunks).map((message) => message.bytes)).toEqual([one, two, one]);
      }),
    );
  });

  it.each([
    ['0100', 'request', 10],
    ['0110', 'response', 10],
    ['0200', 'request', 20],
    ['0201', 'request', 20],
    ['0210', 'response', 20],
    ['0220', 'request', 21],
    ['0230', 'response', 21],
    ['0400', 'request', 40],
    ['0401', 'request', 40],
    ['0410', 'response', 40],
    ['0800', 'request', 80],
    ['0810', 'response', 80],
    ['1200', 'request', 120],
  ])('takes %s for a %s, of one exchange with what belongs to it', (mti, kind, exchange) => {
    expect(decode(LOCAL, Buffer.concat([hex('0004'), Buffer.from(mti)]))[0]).toMatchObject({
      kind,
      exchange,
    });
  });

  it('refuses a message of length 0 unless it is told to pass it', () => {
    expect(faultOf(LOCAL, hex('0000'))).toBe('message-empty');
    expect(faultOf({ ...LOCAL, inclusive: true }, hex('0002'))).toBe('message-empty');
    expect(faultOf({ ...LOCAL, inclusive: true }, hex('0000'))).toBe('message-empty');
    const [empty] = decode({ ...LOCAL, empty: 'pass' }, hex('0000'));
    expect(empty).toMatchObject({ kind: 'empty', bytes: hex('0000') });
  });

  it('refuses a length that leaves no room for a message type', () => {
    expect(faultOf(LOCAL, hex('0003 303230'))).toBe('message-too-short');
    expect(faultOf({ ...LOCAL, inclusive: true }, hex('0001'))).toBe('message-too-short');
    expect(faultOf({ ...LOCAL, skip: 5 }, hex('0008 6000010002 303230'))).toBe('message-too-short');
  });

  it('refuses a message over its limit by its length alone, and takes one that just fits', () => {
    const limited = { ...LOCAL, maxBytes: 300 };
    const message = (bodyBytes: number): Buffer => {
      const header = Buffer.alloc(2);
      header.writeUInt16BE(bodyBytes);
      return Buffer.concat([header, Buffer.from('0200'.padEnd(bodyBytes, 'x'))]);
    };
    expect(decode(limited, message(300))).toHaveLength(1);
    expect(faultOf(limited, message(301).subarray(0, 2))).toBe('message-too-large');
    expect(() => readMessage(message(301), limited)).toThrow('message-too-large');
    const inclusive = { ...limited, length: 'ascii-4', inclusive: true } as const;
    expect(faultOf(inclusive, Buffer.from('0304'))).toBeUndefined();
    expect(faultOf(inclusive, Buffer.from('0305'))).toBe('message-too-large');
    expect(decode(LOCAL, message(65_535))).toHaveLength(1);
  });

  it('refuses a length or a message type that is not digits', () => {
    expect(faultOf({ ...LOCAL, length: 'ascii-4' }, Buffer.from('00x40200'))).toBe('length-unreadable');
    expect(faultOf(LOCAL, Buffer.concat([hex('0004'), Buffer.from('02x0')]))).toBe('mti-unreadable');
    expect(faultOf({ ...LOCAL, mti: 'bcd' }, hex('0002 02f0'))).toBe('mti-unreadable');
    expect(faultOf({ ...LOCAL, mti: 'ebcdic' }, hex('0004 30323030'))).toBe('mti-unreadable');
  });

  it('waits for the rest of a message that was half sent', () => {
    const decoder = new MessageDecoder(LOCAL);
    expect(decoder.push(hex('0004 3032'))).toEqual([]);
    expect(decoder.pendingBytes).toBe(4);
    expect(decoder.push(hex('3030'))).toHaveLength(1);
    expect(decoder.pendingBytes).toBe(0);
  });

  it('does not take what a peer hands over for one message when its length says otherwise', () => {
    expect(() => readMessage(hex('0004 30323030 00'), LOCAL)).toThrow(FramingError);
    expect(() => readMessage(hex('0005 30323030'), LOCAL)).toThrow(FramingError);
    expect(() => readMessage(hex('00'), LOCAL)).toThrow(FramingError);
  });

  it('never throws anything but its own error, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('binary-2', 'ascii-4'),
        (bytes, length) => {
          expect(faultOf({ ...LOCAL, length, skip: 2 }, Buffer.from(bytes)) ?? '').not.toContain('Error');
        },
      ),
    );
  });
});
