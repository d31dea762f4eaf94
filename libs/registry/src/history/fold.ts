import type { RedisClient, RedisCommand } from '../client.ts';
import { REGISTRY_LIMITS } from '../limits.ts';
import { decidedMsOf, historyRow } from './entry.ts';
import { type BlockMark, BlockMarks, historyKeys } from './seal.ts';

/** What an audit reads of a decision in the log. */
export interface AuditedDecision {
  readonly event_id: string;
  readonly name: string;
  readonly version: number;
  readonly timeMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What the history of one connection must be, folded from the log alone. */
export class HistoryFold {
  version = 0;
  private readonly marks = new BlockMarks();
  private readonly blocks: BlockMark[] = [];

  take({ event_id, name, version, timeMs, data }: AuditedDecision): void {
    if (version !== this.version + 1) return;
    this.version = version;
    const decidedMs = decidedMsOf(data.decided_at, timeMs);
    const row = historyRow(data);
    const entry = { version, event_id, type: name, timeMs, decidedMs, partition: 0, offset: 0, row };
    const mark = this.marks.take(entry);
    if (mark) this.blocks.push(mark);
  }

  /** Whether what stands in Redis is what the log says, as far as the log was folded. */
  agrees({ version, events, sound, blocks, index }: HistoryLook): boolean {
    if (version < this.version) return false;
    const { eventsPerConnection, historyBlock, historyBlocks } = REGISTRY_LIMITS;
    if (!sound || events !== Math.min(version, eventsPerConnection)) return false;
    if (blocks !== index.length) return false;
    const inIndex = new Set(index);
    // What the row is ahead of the fold may have dropped blocks, and is not compared.
    const newest = Math.floor(version / historyBlock);
    const expected = this.blocks.slice(Math.max(0, newest - historyBlocks));
    return (
      index.length <= historyBlocks &&
      index.length >= expected.length &&
      expected.every((mark) => inIndex.has(markText(mark)))
    );
  }
}

/** What stands in Redis of one history, as one consistent look. */
export interface HistoryLook {
  readonly version: number;
  readonly events: number;
  /** The events are as this library writes them. */
  readonly sound: boolean;
  readonly blocks: number;
  readonly index: readonly string[];
}

export async function lookAtHistories(client: RedisClient, ids: readonly string[]): Promise<HistoryLook[]> {
  const answers = await client.run(ids.map((id): RedisCommand => ['historyLook', ...historyKeys(id)]));
  return answers.map((answer) => {
    const [version, events, sound, blocks, flat] = answer as [number, number, number, number, string[]];
    const index = Array.from({ length: flat.length / 2 }, (_none, i) => `${flat[2 * i]}@${flat[2 * i + 1]}`);
    return { version, events, sound: sound === 1, blocks, index };
  });
}

function markText({ first, crc, beginsMs, endsMs }: BlockMark): string {
  return `${String(first).padStart(12, '0')}:${crc}:${endsMs}@${beginsMs}`;
}
