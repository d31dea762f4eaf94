import fc from 'fast-check';
import { FrameDecoder } from './frame-decoder.ts';
import {
  encodeData,
  encodeFrame,
  encodePing,
  encodeRefuse,
  FRAME_TYPE,
  LINK_LIMITS,
  LinkProtocolError,
} from './link-protocol.ts';

const header = (type: number, length: number): Buffer => {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt32BE(length, 1);
  return bytes;
};
const faultOf = (...chunks: Buffer[]): string | undefined => {
  const decoder = new FrameDecoder();
  try {
    for (const chunk of chunks) decoder.push(chunk);
  } catch (error) {
    return error instanceof LinkProtocolError ? error.fault : String(error);
  }
  return undefined;
};

describe('FrameDecoder', () => {
  it('gives the same frames however the stream was split', () => {
    const stream = Buffer.concat([
      encodePing(7),
      encodeData([Buffer.from('first'), Buffer.from('second')]),
      encodeFrame(FRAME_TYPE.ready),
      encodeRefuse('stale-epoch'),
    ]);
    const whole = new FrameDecoder().push(stream);
    expect(whole.map((frame) => frame.type)).toEqual([1, 0, 0, 3, 4]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 12 }), (cuts) => {
        const decoder = new FrameDecoder();
        const ends = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const frames = ends.slice(1).flatMap((end, index) => decoder.push(stream.subarray(ends[index], end)));
        expect(frames).toEqual(whole);
        expect(decoder.pendingBytes).toBe(0);
      }),
    );
  });

  it('waits for the rest of a frame that was half sent', () => {
    const decoder = new FrameDecoder();
    expect(decoder.push(encodeData([Buffer.from('abc')]).subarray(0, 7))).toEqual([]);
    expect(decoder.pendingBytes).toBe(2);
  });

  it('takes the largest payload and no larger one, before any of it came', () => {
    const largest = Buffer.alloc(LINK_LIMITS.framePayloadBytes);
    expect(new FrameDecoder().push(encodeData([largest]))).toHaveLength(1);
    expect(faultOf(header(0, LINK_LIMITS.framePayloadBytes + 1))).toBe('frame-too-large');
    expect(faultOf(header(0, 0xffffffff))).toBe('frame-too-large');
  });

  it('refuses a data frame of length 0', () => {
    expect(faultOf(header(0, 0))).toBe('empty-data-frame');
  });

  it('refuses control frames of a wrong length', () => {
    expect(faultOf(header(1, 65))).toBe('wrong-frame-length');
    expect(faultOf(header(2, 65))).toBe('wrong-frame-length');
    expect(faultOf(header(3, 1))).toBe('wrong-frame-length');
    expect(faultOf(header(4, 3))).toBe('wrong-frame-length');
  });

  it('refuses a type that version 1 does not name', () => {
    expect(faultOf(header(5, 0))).toBe('unknown-frame-type');
    expect(faultOf(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toBe('unknown-frame-type');
  });

  it('never throws anything but its own error, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
        const fault = faultOf(...chunks.map((chunk) => Buffer.from(chunk)));
        expect([
          undefined,
          'unknown-frame-type',
          'frame-too-large',
          'empty-data-frame',
          'wrong-frame-length',
        ]).toContain(fault);
      }),
    );
  });
});
