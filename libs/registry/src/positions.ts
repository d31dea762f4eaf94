import type { RedisClient } from './client.ts';
import { KEYS } from './keys.ts';

/** How far a topic's partition is applied, and whose records count there; libs/log's LogPosition. */
export interface StoredPosition {
  /** The next offset to read. */
  readonly offset: number;
  readonly writer_epoch: number;
  readonly writer_id: string;
}

/**
 * `moved`: it stands at the new position, or another owner of the partition has brought it further.
 * `missing`, `behind`: Redis lost what was written, so the registry must be rebuilt.
 */
export type MoveOutcome = 'moved' | 'missing' | 'behind';

export const positionField = (topic: string, partition: number): string => `${topic}/${partition}`;

/** The positions of one region's projector, kept where its rows are, so that they share their fate. */
export class Positions {
  private readonly keys: [string, string];

  constructor(
    private readonly client: RedisClient,
    region: string,
  ) {
    this.keys = [KEYS.positions(region), KEYS.rebuild(region)];
  }

  async read(fields: readonly string[]): Promise<(StoredPosition | undefined)[]> {
    if (fields.length === 0) return [];
    const [found] = await this.client.run([['hmget', this.keys[0], ...fields]]);
    return (found as (string | null)[]).map((text) => (text === null ? undefined : decode(text)));
  }

  /** From here on readers are told that the partition is not whole, until its position passes `target`. */
  async begin(field: string, from: StoredPosition, target: number): Promise<void> {
    await this.client.run([['beginRebuild', ...this.keys, field, encode(from), target]]);
  }

  async move(field: string, expected: StoredPosition, next: StoredPosition): Promise<MoveOutcome> {
    const [found] = await this.client.run([
      ['movePosition', ...this.keys, field, encode(expected), encode(next)],
    ]);
    if (typeof found !== 'string') return 'missing';
    return decode(found).offset < next.offset ? 'behind' : 'moved';
  }
}

function encode(position: StoredPosition): string {
  return `${position.offset}:${position.writer_epoch}:${position.writer_id}`;
}

function decode(text: string): StoredPosition {
  const [offset, writerEpoch, ...writerId] = text.split(':');
  return { offset: Number(offset), writer_epoch: Number(writerEpoch), writer_id: writerId.join(':') };
}
