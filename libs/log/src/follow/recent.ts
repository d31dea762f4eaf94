import { STATE_RECORDS } from '#libs/contracts';
import { type Checkpoint, checkpointKey } from '../loop/records.ts';
import type { Batch, Log } from '../port.ts';
import { EARLIEST, type LogPosition } from './types.ts';

/** Records of snapshots that are read from the end at first; checkpoints come last in each round of them. */
const TAIL_RECORDS = 1_000;

/**
 * Where each partition of the log may be followed from by whoever wants what comes from now on: the latest checkpoint
 * among its snapshots. A checkpoint that was written too late by an earlier owner says nothing wrong, only something older:
 * no other claim stood before the offset that it names. A partition without one is followed from its beginning.
 */
export async function recentPositions(
  log: Log,
  stateTopic: string,
): Promise<ReadonlyMap<number, LogPosition>> {
  const ends = await log.endOffsets(stateTopic);
  const found = await checkpoints(
    log,
    stateTopic,
    new Map(ends.map(({ partition, low, high }) => [partition, Math.max(low, high - TAIL_RECORDS)])),
  );
  const deeper = ends.filter(
    ({ partition, low, high }) => !found.has(partition) && high - TAIL_RECORDS > low,
  );
  const rest = await checkpoints(
    log,
    stateTopic,
    new Map(deeper.map(({ partition, low }) => [partition, low])),
  );
  return new Map(
    ends.map(({ partition }) => [partition, found.get(partition) ?? rest.get(partition) ?? EARLIEST]),
  );
}

async function checkpoints(
  log: Log,
  stateTopic: string,
  from: ReadonlyMap<number, number>,
): Promise<Map<number, LogPosition>> {
  const found = new Map<number, LogPosition>();
  if (from.size === 0) return found;
  const take = ({ partition, records }: Batch) => {
    for (const record of records) {
      if (!record.readable || record.name !== STATE_RECORDS.checkpoint) continue;
      if (record.key !== checkpointKey(partition)) continue;
      const { offset, writer_epoch, writer_id } = record.data as Checkpoint<unknown>;
      if (offset >= (found.get(partition)?.offset ?? 0)) {
        found.set(partition, { offset, writer_epoch, writer_id });
      }
    }
  };
  const tail = await log.tail({
    topics: [stateTopic],
    partitions: () => [...from.keys()],
    from: (_topic, partition) => from.get(partition),
    trusted: true,
    onBatch: async (batch) => take(batch),
  });
  try {
    await tail.caughtUp();
  } finally {
    await tail.stop();
  }
  return found;
}
