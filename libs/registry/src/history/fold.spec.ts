import { REGISTRY_LIMITS } from '../limits.ts';
import { historyRow } from './entry.ts';
import { HistoryFold, type HistoryLook } from './fold.ts';
import { BlockMarks } from './seal.ts';

const { eventsPerConnection, historyBlock, historyBlocks } = REGISTRY_LIMITS;
const data = { kind: 'link', status: 'active', phase: 'active', epoch: 1, home_region: 'east' };
const decidedMs = (version: number) => 1_700_000_000_000 + version;

function decision(version: number) {
  const decided_at = new Date(decidedMs(version)).toISOString();
  return { event_id: `c:a/${version}`, name: 'x', version, timeMs: 0, data: { ...data, decided_at } };
}

function foldTo(version: number): HistoryFold {
  const fold = new HistoryFold();
  for (let each = 1; each <= version; each += 1) fold.take(decision(each));
  return fold;
}

/** What stands in Redis when all is right. */
function look(version: number): HistoryLook {
  const marks = new BlockMarks();
  const index: string[] = [];
  for (let each = 1; each <= version; each += 1) {
    const { event_id, name: type } = decision(each);
    const place = { timeMs: 0, partition: 4, offset: each };
    const mark = marks.take({
      version: each,
      event_id,
      type,
      ...place,
      decidedMs: decidedMs(each),
      row: historyRow(data),
    });
    if (mark) {
      const { first, crc, endsMs, beginsMs } = mark;
      index.push(`${String(first).padStart(12, '0')}:${crc}:${endsMs}@${beginsMs}`);
    }
  }
  const kept = index.slice(-historyBlocks);
  return {
    version,
    events: Math.min(version, eventsPerConnection),
    sound: true,
    blocks: kept.length,
    index: kept,
  };
}

describe('a history folded from the log', () => {
  it('agrees with what stands in Redis, also when that is ahead of it', () => {
    for (const version of [1, 255, 256, 257, 999, 1_200]) {
      expect([version, foldTo(version).agrees(look(version))]).toEqual([version, true]);
    }
    expect(foldTo(300).agrees(look(1_200))).toBe(true);
    expect(foldTo(1_200).agrees(look(300))).toBe(false);
  });

  it('agrees when the oldest blocks were let go, as they must be', () => {
    const version = (historyBlocks + 2) * historyBlock + 7;
    const fold = foldTo(version);
    const right = look(version);
    expect(right.blocks).toBe(historyBlocks);
    expect(fold.agrees(right)).toBe(true);
    expect(fold.agrees({ ...right, blocks: historyBlocks - 1, index: right.index.slice(1) })).toBe(false);
  });

  it('takes each version once', () => {
    const fold = foldTo(300);
    fold.take(decision(300));
    fold.take(decision(12));
    fold.take(decision(302));
    expect(fold.version).toBe(300);
    expect(fold.agrees(look(300))).toBe(true);
  });

  const right = look(700);
  const cases: [string, Partial<HistoryLook>][] = [
    ['fewer events', { events: 699 }],
    ['more events', { events: 701 }],
    ['events of an older version', { sound: false }],
    ['a block less', { blocks: 1 }],
    ['a mark less', { blocks: 1, index: right.index.slice(1) }],
    ['another checksum', { index: right.index.map((mark) => mark.replace(/:[^:]+:/, ':00000000:')) }],
    ['another time', { index: right.index.map((mark) => mark.replace(/@\d+/, '@1')) }],
  ];
  it.each(cases)('does not agree with %s', (_what, otherwise) => {
    expect(foldTo(700).agrees({ ...right, ...otherwise })).toBe(false);
  });
});
