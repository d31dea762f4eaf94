import fc from 'fast-check';
import { LIMITS } from '#libs/contracts';
import { SessionDecoder } from './session-decoder.ts';
import type { SessionPayloads } from './session-payloads.ts';
import {
  allocateDataFrame,
  type ControlFrameName,
  encodeControl,
  encodePingFrame,
  SESSION_FAULTS,
  SESSION_LIMITS,
  type SessionFrame,
  SessionProtocolError,
} from './session-protocol.ts';

const CODE = 'E7F3K9QXM2B4TR';
const SESSION = { connection_id: 'ses_1', home_region: 'east' };
const PROBES = [{ broker_id: 'broker-in-3', rtt_ms: 15.2, jitter_ms: 0.4 }];

const FROM_ENDPOINT: { [Name in ControlFrameName]?: SessionPayloads[Name] } = {
  hello: { version: 1, role: 'target', agent: 'trunkline/0.1.0' },
  new: { probes: PROBES },
  attach: { code: CODE, probes: PROBES, consented: false, survive_ms: 7_200_000 },
  resume: { ...SESSION, role: 'controller', epoch: 0 },
  consent: {},
  bye: { reason: 'hung-up' },
};
const FROM_BROKER: { [Name in ControlFrameName]?: SessionPayloads[Name] } = {
  welcome: { broker_id: 'broker-in-3', region: 'west', draining: false },
  code: { code: CODE, ...SESSION, expires_at: '2026-11-21T10:00:00.000Z' },
  held: { ...SESSION, controller_id: 'ann' },
  redirect: {
    connection_id: 'ses_1',
    broker_id: 'broker-in-3',
    address: 'broker-in-3.company.com:7443',
    epoch: 1,
  },
  opened: { connection_id: 'ses_1', epoch: 1, peer: 'ann', window_ms: 60_000 },
  bye: { reason: 'hung-up' },
  goaway: { reason: 'draining' },
  refused: {
    reason: 'other-broker',
    retry_after_ms: 250,
    broker_id: 'broker-in-3',
    address: '127.0.0.1:7445',
  },
  interrupted: { reason: 'target-lost' },
};

const dataFrame = (payload: Buffer): Buffer => {
  const frame = allocateDataFrame(payload.length);
  payload.copy(frame.payload);
  return frame.bytes;
};
const header = (type: number, length: number): Buffer =>
  Buffer.from([type, length >> 16, length >> 8, length]);
const control = (type: number, json: string): Buffer =>
  Buffer.concat([header(type, json.length), Buffer.from(json)]);
const decode = (from: 'endpoint' | 'broker', ...chunks: Buffer[]): SessionFrame[] => {
  const decoder = new SessionDecoder(from);
  return chunks.flatMap((chunk) => [...decoder.push(chunk)]);
};
const faultOf = (from: 'endpoint' | 'broker', ...chunks: Buffer[]): string | undefined => {
  try {
    decode(from, ...chunks);
  } catch (error) {
    return error instanceof SessionProtocolError ? error.fault : String(error);
  }
  return undefined;
};

describe.each([
  ['endpoint', FROM_ENDPOINT],
  ['broker', FROM_BROKER],
] as const)('what comes from a %s', (from, payloads) => {
  const controls = Object.entries(payloads) as [ControlFrameName, never][];
  const stream = Buffer.concat([
    encodePingFrame('ping', 0xffffffffffffffffn),
    ...controls.map(([name, payload]) => encodeControl(name, payload)),
    dataFrame(Buffer.from('opaque')),
    encodePingFrame('pong', 7n),
  ]);

  it('is the same again when it was read', () => {
    const frames = decode(from, stream);
    const read = frames.flatMap((frame) => ('payload' in frame ? [[frame.name, frame.payload]] : []));
    expect(read).toEqual([...controls, ['data', Buffer.from('opaque')]]);
    expect(frames.at(0)).toEqual({ name: 'ping', token: 0xffffffffffffffffn });
    expect(frames.at(-1)).toEqual({ name: 'pong', token: 7n });
  });

  it('gives the same frames however the stream was split', () => {
    const read = (...chunks: Buffer[]) =>
      decode(from, ...chunks).map((frame) =>
        frame.name === 'data' ? { name: frame.name, bytes: frame.bytes } : frame,
      );
    const whole = read(stream);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: stream.length }), { maxLength: 20 }), (cuts) => {
        const ends = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const pieces = ends.slice(1).map((end, index) => stream.subarray(ends[index], end));
        expect(read(...pieces)).toEqual(whole);
      }),
    );
  });

  it('is a fault with a known name, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
        expect([undefined, ...SESSION_FAULTS]).toContain(
          faultOf(from, ...chunks.map((chunk) => Buffer.from(chunk))),
        );
      }),
    );
  });
});

describe('the decoder', () => {
  it('gives a data frame whole as it came, to be passed on', () => {
    const bytes = dataFrame(Buffer.alloc(SESSION_LIMITS.dataPayloadBytes, 7));
    const [frame] = decode('endpoint', bytes.subarray(0, 100), bytes.subarray(100));
    expect(frame).toMatchObject({ name: 'data', bytes });
  });

  it('refuses a length before it waits for the payload', () => {
    expect(faultOf('endpoint', header(13, SESSION_LIMITS.dataPayloadBytes + 1))).toBe('frame-too-large');
    expect(faultOf('endpoint', header(13, 0))).toBe('wrong-frame-length');
    expect(faultOf('endpoint', header(3, SESSION_LIMITS.controlPayloadBytes + 1))).toBe('frame-too-large');
    expect(faultOf('endpoint', header(3, 0xffffff))).toBe('frame-too-large');
    expect(faultOf('endpoint', header(1, 9))).toBe('wrong-frame-length');
    expect(faultOf('endpoint', Buffer.from('GET / HTTP/1.1\r\n'))).toBe('unknown-frame-type');
  });

  it('refuses what comes from the wrong side', () => {
    expect(faultOf('endpoint', encodeControl('goaway', { reason: 'draining' }))).toBe('unexpected-frame');
    expect(faultOf('broker', encodeControl('consent', {}))).toBe('unexpected-frame');
  });

  it('gives what came before a fault', () => {
    const decoder = new SessionDecoder('endpoint');
    const frames = decoder.push(Buffer.concat([encodePingFrame('ping', 1n), header(99, 0)]));
    expect(frames.next().value).toMatchObject({ name: 'ping' });
    expect(() => frames.next()).toThrow('unknown-frame-type');
  });

  it('gives a frame that trickled in byte by byte', () => {
    const decoder = new SessionDecoder('endpoint');
    const bytes = dataFrame(Buffer.alloc(10_000, 1));
    const frames = [...bytes].flatMap((byte) => [...decoder.push(Buffer.from([byte]))]);
    expect(frames).toHaveLength(1);
    expect(decoder.pendingBytes).toBe(0);
  });
});

describe('a JSON payload', () => {
  it('leaves out members that this version does not name', () => {
    const [frame] = decode(
      'endpoint',
      control(14, '{"reason":"hung-up","later":1,"__proto__":{"reason":"x"}}'),
    );
    expect(frame).toEqual({ name: 'bye', payload: { reason: 'hung-up' } });
  });

  it('must be JSON in UTF-8, and an object', () => {
    expect(faultOf('endpoint', control(10, '{'))).toBe('bad-json');
    expect(faultOf('endpoint', Buffer.concat([header(10, 2), Buffer.from([0xff, 0xfe])]))).toBe('bad-json');
    expect(faultOf('endpoint', control(10, '[]'))).toBe('bad-payload');
    expect(faultOf('endpoint', control(10, 'null'))).toBe('bad-payload');
  });

  it.each([
    ['hello', 3, '{"role":"target"}'],
    ['hello', 3, '{"version":1,"role":"broker"}'],
    ['hello', 3, '{"version":1,"role":"target","agent":null}'],
    ['new', 5, '{"probes":[{"broker_id":"b","rtt_ms":-1}]}'],
    ['new', 5, '{"probes":[[]]}'],
    ['attach', 7, '{"code":7}'],
    ['attach', 7, `{"code":"${CODE}","survive_ms":1e12}`],
    ['resume', 8, '{"connection_id":"a b","home_region":"east","role":"target","epoch":1}'],
    ['resume', 8, '{"connection_id":"a","home_region":"east","role":"target","epoch":1.5}'],
    ['bye', 14, '{"reason":"Said With Words"}'],
  ])('is refused when a member is wrong: %s (%i) %s', (_name, type, json) => {
    expect(faultOf('endpoint', control(type, json))).toBe('bad-payload');
  });

  it('says every window that a policy may say', () => {
    const opened = { connection_id: 'ses_1', epoch: 1, peer: 'ann', window_ms: LIMITS.surviveMs };
    expect(decode('broker', encodeControl('opened', opened))).toMatchObject([{ payload: opened }]);
    const longer = JSON.stringify({ ...opened, window_ms: LIMITS.surviveMs + 1 });
    expect(faultOf('broker', control(12, longer))).toBe('bad-payload');
  });

  it('of more bytes than a peer would take is not written', () => {
    const agent = 'x'.repeat(SESSION_LIMITS.controlPayloadBytes);
    expect(() => encodeControl('hello', { version: 1, role: 'target', agent })).toThrow(RangeError);
  });
});
