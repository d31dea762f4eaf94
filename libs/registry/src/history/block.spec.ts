import { HISTORY_MEMBERS } from '../row-members.ts';
import { addToCrc, decodeBlock, encodeBlock } from './block.ts';
import { type Entry, historyEntry, historyRow } from './entry.ts';
import { BlockMarks } from './seal.ts';

const ID = 'bank-client-1:primary';
const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

function entry(version: number, changes: Partial<Entry> = {}): Entry {
  const row = { kind: 'link', status: 'active', phase: 'active', epoch: version, home_region: 'east' };
  return {
    version,
    event_id: `${ID}/${version}`,
    type: 'connection-activated',
    decidedMs: START_MS + version * 1_000,
    timeMs: START_MS + version * 1_000 + 2,
    partition: 3,
    offset: 40 + version,
    row: historyRow({ ...row, client_id: 'bank-client-1', server_id: `server-${version % 2}` }),
    ...changes,
  };
}

describe('a sealed block', () => {
  it('gives back what was put in, whatever changes from one decision to the next', () => {
    const entries = [
      entry(257),
      entry(258, { event_id: 'of-somebody-else', type: 'failover-decided' }),
      // The clock went back, another region's partition, fewer members, and strange ones.
      entry(259, { decidedMs: START_MS - 5, timeMs: START_MS - 9, partition: 0, offset: 2 }),
      entry(260, { row: HISTORY_MEMBERS.map((_member, i) => (i === 0 ? 'session' : '')) }),
      entry(261, { row: HISTORY_MEMBERS.map((member) => `"${member}\\\n ü`) }),
      entry(262),
    ];
    expect(decodeBlock(ID, encodeBlock(ID, entries))).toEqual(entries);
  });

  it('is never read as another one when a byte of it is another', () => {
    const entries = [entry(1), entry(2), entry(3)];
    const bytes = encodeBlock(ID, entries);
    const read = (damaged: Buffer) => {
      try {
        return decodeBlock(ID, damaged);
      } catch {
        return 'an error';
      }
    };
    const found = bytes.map((_byte, at) => {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      const answer = read(damaged);
      // A few bits of deflate are padding.
      expect(['an error', entries]).toContainEqual(answer);
      return answer === 'an error' ? 1 : 0;
    });
    expect(found.filter(Boolean).length).toBeGreaterThan(bytes.length - 5);
  });

  it('takes a few bytes a decision', () => {
    const entries = Array.from({ length: 256 }, (_none, i) => entry(i + 1));
    expect(encodeBlock(ID, entries).length / 256).toBeLessThan(12);
  });

  it('shows a row as the registry shows rows, without what reports say', () => {
    expect(historyEntry(ID, entry(7, { row: entry(8).row }))).toEqual({
      version: 7,
      event_id: `${ID}/7`,
      type: 'connection-activated',
      time: '2026-01-01T00:00:07.002Z',
      partition: 3,
      offset: 47,
      row: {
        connection_id: ID,
        kind: 'link',
        status: 'active',
        phase: 'active',
        epoch: 8,
        version: 7,
        home_region: 'east',
        client_id: 'bank-client-1',
        server_id: 'server-0',
        updated_at: '2026-01-01T00:00:07.000Z',
      },
    });
  });
});

describe('the mark of a block', () => {
  const marksOf = (entries: readonly Entry[]) => {
    const marks = new BlockMarks();
    return entries.flatMap((each) => marks.take(each) ?? []);
  };
  const many = Array.from({ length: 512 }, (_none, i) => entry(i + 1));

  it('comes with each 256th decision, and has times that do not go back', () => {
    const back = many.map((each) => (each.version === 257 ? { ...each, decidedMs: START_MS } : each));
    expect(marksOf(back)).toMatchObject([
      { first: 1, beginsMs: START_MS + 1_000, endsMs: START_MS + 256_000 },
      { first: 257, beginsMs: START_MS + 256_000, endsMs: START_MS + 512_000 },
    ]);
  });

  it('is another one for another history, and the same for a mirror of it', () => {
    const [first, second] = marksOf(many);
    const mirrored = marksOf(many.map((each) => ({ ...each, offset: each.offset + 7, partition: 0 })));
    expect(mirrored).toEqual([first, second]);
    const otherwise = marksOf(many.map((each) => (each.version === 300 ? { ...each, type: 'x' } : each)));
    expect(otherwise[0]).toEqual(first);
    expect(otherwise[1]?.crc).not.toBe(second?.crc);
    expect(addToCrc(0, entry(1))).not.toBe(addToCrc(0, entry(1, { event_id: 'other' })));
  });
});
