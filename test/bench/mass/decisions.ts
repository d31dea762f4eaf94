import { type LinkDecision, TOPIC, topicName } from '#libs/contracts';
import type { Consumer, Log } from '#libs/log';
import { membersReader } from '../../../apps/central-controller/src/core/read-members.ts';
import { waitFor } from '../../support/wait-for.ts';

const READ_LIMIT_MS = 120_000;
const MEMBERS = ['connection_id', 'kind', 'reason', 'peer', 'suppressed', 'failover', 'decided_at'] as const;

export type ReadDecision = Pick<LinkDecision, (typeof MEMBERS)[number] & keyof LinkDecision> & {
  readonly name: string;
};

/** Counts decisions by name as they appear in a region's log, without looking into them. */
export class DecisionCounter {
  private readonly seen = new Map<string, Map<string, number>>();
  private consumer: Consumer | undefined;

  constructor(
    private readonly log: Log,
    private readonly region: string,
  ) {}

  async start(): Promise<void> {
    this.consumer = await this.log.tail({
      topics: [topicName(this.region, TOPIC.controllerEvents)],
      from: 'end',
      trusted: true,
      read: () => ({}),
      onBatch: async ({ records }) => {
        const nowMs = performance.now();
        for (const record of records) if (record.readable) this.add(record.name, record.key, nowMs);
      },
    });
  }

  /** Everything before this is forgotten. */
  begin(): void {
    this.seen.clear();
  }

  /** On how many keys. */
  count(name: string): number {
    return this.seen.get(name)?.size ?? 0;
  }

  /** On how many keys a path was said to stand, the first time or after a move. */
  active(): number {
    const [first, moved] = [this.seen.get('connection-activated'), this.seen.get('failover-completed')];
    return new Set([...(first?.keys() ?? []), ...(moved?.keys() ?? [])]).size;
  }

  /** When the last first one came, on the clock of `performance.now()`. */
  lastMs(name: string): number {
    return Math.max(...(this.seen.get(name)?.values() ?? []));
  }

  async stop(): Promise<void> {
    await this.consumer?.stop();
  }

  private add(name: string, key: string, nowMs: number): void {
    const keys = this.seen.get(name) ?? new Map<string, number>();
    if (keys.size === 0) this.seen.set(name, keys);
    if (!keys.has(key)) keys.set(key, nowMs);
  }
}

export type Offsets = ReadonlyMap<number, number>;

/** Where a region's log ends now. */
export async function endOfLog(log: Log, region: string): Promise<Offsets> {
  const ends = await log.endOffsets(topicName(region, TOPIC.controllerEvents));
  return new Map(ends.map(({ partition, high }) => [partition, high]));
}

/** A region's decisions from there to the present end, partition by partition. */
export async function decisionsSince(log: Log, region: string, from: Offsets): Promise<ReadDecision[]> {
  const ends = await endOfLog(log, region);
  const left = new Set(
    [...ends].filter(([partition, end]) => end > (from.get(partition) ?? 0)).map(([p]) => p),
  );
  const found: ReadDecision[] = [];
  const reader = await log.tail({
    topics: [topicName(region, TOPIC.controllerEvents)],
    from: (_topic, partition) => from.get(partition),
    trusted: true,
    read: membersReader(MEMBERS),
    onBatch: async ({ partition, records, nextOffset }) => {
      for (const record of records)
        if (record.readable) found.push({ ...(record.data as ReadDecision), name: record.name });
      if (nextOffset >= (ends.get(partition) ?? 0)) left.delete(partition);
    },
  });
  try {
    await waitFor(() => left.size === 0, { what: `the log of ${region}`, withinMs: READ_LIMIT_MS });
  } finally {
    await reader.stop();
  }
  return found;
}

/** How many of each word. */
export function tally(words: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
