import type { RedisClient, RedisCommand } from '../client.ts';
import { KEYS } from '../keys.ts';
import { REGISTRY_LIMITS } from '../limits.ts';
import { addToCrc, encodeBlock } from './block.ts';
import { type Entry, entryOfEvent } from './entry.ts';

/** A block as the index knows it. */
export interface BlockMark {
  readonly first: number;
  readonly crc: string;
  /** The latest decision up to the block's first one, and up to its end, in milliseconds. */
  readonly beginsMs: number;
  readonly endsMs: number;
}

/** Marks of blocks, as decision after decision comes by. */
export class BlockMarks {
  private crc = 0;
  private beginsMs = 0;

  /** @param latestMs the latest decision before the first one that is given. */
  constructor(private latestMs = 0) {}

  /** Gives the mark of the block that this decision fills, if it fills one. */
  take(entry: Entry): BlockMark | undefined {
    const size = REGISTRY_LIMITS.historyBlock;
    this.latestMs = Math.max(this.latestMs, entry.decidedMs);
    if (entry.version % size === 1) {
      this.crc = 0;
      this.beginsMs = this.latestMs;
    }
    this.crc = addToCrc(this.crc, entry);
    if (entry.version % size !== 0) return undefined;
    const crc = this.crc.toString(16).padStart(8, '0');
    return { first: entry.version - size + 1, crc, beginsMs: this.beginsMs, endsMs: this.latestMs };
  }
}

export const historyKeys = (id: string): [string, string, string, string] => [
  KEYS.connection(id),
  KEYS.connectionEvents(id),
  KEYS.connectionBlocks(id),
  KEYS.connectionIndex(id),
];

/**
 * Makes blocks of the decisions of these connections that fill some. Whoever stops before it is done gives the same
 * decisions again, and what they fill is sealed then: until it is, the events still have them.
 */
export async function sealHistories(client: RedisClient, ids: readonly string[]): Promise<void> {
  const open = await client.run(
    ids.map((id): RedisCommand => ['historyOpen', ...historyKeys(id), REGISTRY_LIMITS.historyBlock]),
  );
  await client.run(
    ids.flatMap((id, i): RedisCommand[] => {
      const found = open[i] as [first: number, latestMs: number, events: string[]] | null;
      return found ? [sealing(id, ...found)] : [];
    }),
  );
}

function sealing(id: string, first: number, latestMs: number, events: readonly string[]): RedisCommand {
  const size = REGISTRY_LIMITS.historyBlock;
  const args: (string | number | Buffer)[] = [size, REGISTRY_LIMITS.historyBlocks];
  const marks = new BlockMarks(latestMs);
  let entries: Entry[] = [];
  for (const [i, event] of events.entries()) {
    const entry = entryOfEvent(event, first + i);
    entries.push(entry);
    const mark = marks.take(entry);
    if (!mark) continue;
    args.push(mark.first, mark.crc, mark.endsMs, mark.beginsMs, encodeBlock(id, entries));
    entries = [];
  }
  return ['sealHistory', ...historyKeys(id), ...args];
}
