import fc from 'fast-check';
import {
  encodeData,
  encodePing,
  encodePreface,
  encodeRefuse,
  LinkProtocolError,
  PREFACE_MAX_BYTES,
  type Preface,
  REFUSE_CODES,
  type RefuseCode,
  readPreface,
  readRefuseCode,
} from './link-protocol.ts';

const preface: Preface = { epoch: 258, connectionId: 'bank:primary', clientId: 'bank' };

describe('the preface', () => {
  it('stands on the wire byte by byte as it is written down', () => {
    expect(encodePreface(preface).toString('hex')).toBe(
      [
        Buffer.from('TRLK').toString('hex'),
        '01',
        '0000000000000102',
        '000c',
        Buffer.from('bank:primary').toString('hex'),
        '0004',
        Buffer.from('bank').toString('hex'),
      ].join(''),
    );
  });

  it('is read back, and what follows it is left alone', () => {
    const bytes = encodePreface(preface);
    expect(readPreface(Buffer.concat([bytes, Buffer.from('rest')]))).toEqual({
      kind: 'preface',
      preface,
      bytesRead: bytes.length,
    });
  });

  it('needs more at every byte before its last', () => {
    const bytes = encodePreface(preface);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(readPreface(bytes.subarray(0, length)).kind).toBe('need-more');
    }
  });

  it('takes the longest names and the highest epoch', () => {
    const longest = {
      epoch: Number.MAX_SAFE_INTEGER,
      connectionId: 'c'.repeat(128),
      clientId: 'd'.repeat(64),
    };
    const bytes = encodePreface(longest);
    expect(bytes).toHaveLength(PREFACE_MAX_BYTES);
    expect(readPreface(bytes)).toMatchObject({ kind: 'preface', preface: longest });
  });

  it('is refused at the first byte that is garbage', () => {
    expect(readPreface(Buffer.from('G'))).toEqual({ kind: 'refuse', code: 'bad-preface' });
    expect(readPreface(Buffer.from('TRLX'))).toEqual({ kind: 'refuse', code: 'bad-preface' });
  });

  it('is refused when its version is not 1', () => {
    expect(readPreface(Buffer.from('TRLK\x02'))).toEqual({ kind: 'refuse', code: 'unsupported-version' });
    expect(readPreface(Buffer.from('TRLK\x00'))).toEqual({ kind: 'refuse', code: 'unsupported-version' });
  });

  it.each([
    ['an epoch of 0', { epoch: 0 }],
    ['a connection id that is empty', { connectionId: '' }],
    ['a connection id with forbidden characters', { connectionId: 'a b' }],
    ['a connection id that is too long', { connectionId: 'c'.repeat(129) }],
    ['a client id that is empty', { clientId: '' }],
    ['a client id with a colon', { clientId: 'a:b' }],
    ['a client id that is too long', { clientId: 'd'.repeat(65) }],
  ])('is refused for %s', (_what, members) => {
    expect(readPreface(encodePreface({ ...preface, ...members }))).toEqual({
      kind: 'refuse',
      code: 'bad-preface',
    });
  });

  it('is refused for an epoch that no number can hold exactly', () => {
    const bytes = encodePreface(preface);
    bytes.writeBigUInt64BE(2n ** 53n, 5);
    expect(readPreface(bytes)).toEqual({ kind: 'refuse', code: 'bad-preface' });
  });

  it('is read or refused, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(['need-more', 'preface', 'refuse']).toContain(readPreface(Buffer.from(bytes)).kind);
      }),
    );
  });
});

describe('frames', () => {
  it('stand on the wire byte by byte as they are written down', () => {
    expect(encodeData([Buffer.from('ab'), Buffer.from('c')]).toString('hex')).toBe(
      '00000000026162000000000163',
    );
    expect(encodePing(1).toString('hex')).toBe('010000000400000001');
    expect(encodeRefuse('stale-epoch').toString('hex')).toBe('04000000020005');
  });

  it('name each refusal with a number of its own, and read it back', () => {
    const codes = Object.keys(REFUSE_CODES) as RefuseCode[];
    expect(new Set(Object.values(REFUSE_CODES)).size).toBe(codes.length);
    for (const code of codes) expect(readRefuseCode(encodeRefuse(code).subarray(5))).toBe(code);
  });

  it('do not read a refusal that nobody named', () => {
    expect(() => readRefuseCode(Buffer.from([0xff, 0xff]))).toThrow(LinkProtocolError);
  });
});
