import fc from 'fast-check';
import { SESSION_LIMITS } from '#libs/relay';
import { ByteStore } from './byte-store.ts';
import { StreamMux } from './stream-mux.ts';
import {
  encodeStreamData,
  encodeStreamOffset,
  encodeStreamOpen,
  encodeStreamReset,
  encodeSync,
  LARGEST_STREAM_FRAME_BYTES,
  readStreamFrame,
  STREAM_FAULTS,
  STREAM_LIMITS,
  type StreamFrame,
  StreamProtocolError,
} from './stream-protocol.ts';

const read = (frame: Buffer): StreamFrame => readStreamFrame(frame.subarray(SESSION_LIMITS.frameHeaderBytes));
const faultOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof StreamProtocolError ? error.fault : String(error);
  }
  return undefined;
};

describe('a stream frame', () => {
  it('is the same again when it was read', () => {
    const bytes = Buffer.from('bytes');
    expect(read(encodeStreamOpen(7))).toEqual({ type: 'open', id: 7 });
    expect(read(encodeStreamData(7, 2 ** 40, 5, (into) => bytes.copy(into)))).toEqual({
      ...{ type: 'data', id: 7, offset: 2 ** 40, bytes },
    });
    expect(read(encodeStreamOffset('ack', 7, 12))).toEqual({ type: 'ack', id: 7, offset: 12 });
    expect(read(encodeStreamOffset('fin', 7, 12))).toEqual({ type: 'fin', id: 7, offset: 12 });
    expect(read(encodeStreamReset(7, 'refused'))).toEqual({ type: 'reset', id: 7, reason: 'refused' });
    const sync = {
      ...{ epoch: 3, instance: 0xfedcba9876543210n, windowBytes: STREAM_LIMITS.windowBytes, highestId: 9 },
      entries: [
        { id: 1, isReset: true, received: 0, acknowledged: 0 },
        { id: 9, isReset: false, received: 2 ** 45, acknowledged: 2 ** 44 },
      ],
    };
    expect(read(encodeSync(sync))).toEqual({ type: 'sync', sync });
  });

  it('has these bytes in version 1', () => {
    const ack = encodeStreamOffset('ack', 1, 258);
    expect(ack.toString('hex')).toBe(`0d00000d${'03'}${'00000001'}${'0000000000000102'}`);
    const sync = encodeSync({ epoch: 2, instance: 1n, windowBytes: 4096, highestId: 0, entries: [] });
    expect(sync.toString('hex')).toBe(
      `0d000020${'06'}${'00000000'}${'01'}${'0000000000000002'}${'0000000000000001'}${'00001000'}${'00000000'}${'0000'}`,
    );
  });

  it('fits into a data frame of the session, and its limits into each other', () => {
    expect(LARGEST_STREAM_FRAME_BYTES).toBeLessThanOrEqual(SESSION_LIMITS.dataPayloadBytes);
    const { streams, reservedBytes, totalBytes, windowBytes } = STREAM_LIMITS;
    expect(streams * reservedBytes).toBeLessThanOrEqual(totalBytes);
    expect(reservedBytes).toBeLessThanOrEqual(windowBytes);
  });

  it('is a fault with a known name, whatever comes, in a session at any moment', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 6 }), (payloads) => {
        const mux = new StreamMux({ side: 'controller', instance: 1n });
        mux.attach({ write: () => true, together: (write) => write() }, 1);
        mux.receive(
          encodeSync({ epoch: 1, instance: 2n, windowBytes: 1, highestId: 0, entries: [] }).subarray(4),
        );
        const fault = faultOf(() => {
          for (const payload of payloads) mux.receive(Buffer.from(payload));
        });
        expect([undefined, ...STREAM_FAULTS]).toContain(fault);
      }),
    );
  });

  it('of another version ends the session', () => {
    const sync = encodeSync({ epoch: 2, instance: 1n, windowBytes: 4096, highestId: 0, entries: [] });
    sync.writeUInt8(2, 9);
    expect(faultOf(() => read(sync))).toBe('unsupported-version');
  });
});

describe('the bytes of a stream', () => {
  it('are read back from any offset, however they came', () => {
    const chunks = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(chunks, fc.nat(), fc.nat(), (sizes, from, drop) => {
        const store = new ByteStore();
        const all: Buffer[] = [];
        for (const [index, size] of sizes.entries()) {
          const chunk = Buffer.alloc(size, index + 1);
          all.push(chunk);
          store.append(chunk);
        }
        const whole = Buffer.concat(all);
        store.dropTo(drop % (whole.length + 1));
        expect(store.length).toBe(whole.length - (drop % (whole.length + 1)));
        const start = store.start + (store.length === 0 ? 0 : from % store.length);
        const read = Buffer.alloc(store.end - start);
        store.copy(start, read);
        expect(read.equals(whole.subarray(start))).toBe(true);
      }),
    );
  });

  it('are not had before or behind what is kept', () => {
    const store = new ByteStore();
    store.append(Buffer.from('abc'));
    store.dropTo(3);
    expect(() => store.copy(3, Buffer.alloc(1))).toThrow(RangeError);
    expect(store.peek(3, 10)).toHaveLength(0);
  });
});
