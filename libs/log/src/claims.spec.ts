import { ClaimTracker } from './claims.ts';
import { decodeRecord, NO_LIMITS } from './codec/decode.ts';
import { encodeEvent } from './codec/encode.ts';
import { claimRecord } from './loop/records.ts';
import type { EncodedRecord, LogRecord } from './port.ts';

function read(record: EncodedRecord, offset = 0): LogRecord {
  const bytes = (part: Buffer | string | null) => (part === null ? null : Buffer.from(part));
  const headers = Object.fromEntries(
    Object.entries(record.headers).map(([name, value]) => [name, Buffer.from(value)]),
  );
  const raw = { key: bytes(record.key), value: bytes(record.value), headers, timestampMs: 0 };
  return decodeRecord({ topic: 't', partition: 0, offset }, raw, { limits: NO_LIMITS });
}

const claim = (epoch: number, id: string) =>
  read(claimRecord('t', { source: 's', partition: 0, epoch, id }, 0));
const decision = (epoch: number, id: string) => {
  const headers = { writer_epoch: `${epoch}`, writer_id: id };
  const event = { topic: 't', key: 'k', id: 'k/1', type: 'failover-decided', source: 's', data: {}, headers };
  return read(encodeEvent(event, 0, 0));
};

describe('claims', () => {
  it('makes a claim valid only when its epoch exceeds every earlier one', () => {
    const claims = new ClaimTracker();
    expect(claims.judge(claim(1, 'a')).valid).toBe(true);
    expect(claims.judge(claim(1, 'b')).valid).toBe(false);
    expect(claims.judge(claim(3, 'c')).valid).toBe(true);
    expect(claims.judge(claim(2, 'd')).valid).toBe(false);
    expect([claims.writerEpoch, claims.writerId]).toEqual([3, 'c']);
  });

  it('lets only records of the last valid claim count', () => {
    const claims = new ClaimTracker();
    expect(claims.judge(decision(1, 'a')).valid).toBe(false);
    claims.judge(claim(1, 'a'));
    expect(claims.judge(decision(1, 'a')).valid).toBe(true);
    expect(claims.judge(decision(1, 'b')).valid).toBe(false);
    claims.judge(claim(2, 'b'));
    expect(claims.judge(decision(1, 'a')).valid).toBe(false);
    expect(claims.judge(decision(2, 'b')).valid).toBe(true);
  });

  it('goes on from a stored position', () => {
    const claims = new ClaimTracker({ writer_epoch: 7, writer_id: 'g' });
    expect(claims.judge(decision(7, 'g')).valid).toBe(true);
    expect(claims.judge(claim(7, 'h')).valid).toBe(false);
  });

  it('takes a record without writer headers for void, whatever else it is', () => {
    const claims = new ClaimTracker();
    const stranger = read({ topic: 't', partition: 0, key: 'k', value: '{', headers: {} });
    expect(claims.judge(stranger)).toEqual({ kind: 'record', valid: false });
  });
});
