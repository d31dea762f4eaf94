import { TOPIC, topicName } from '#libs/contracts';
import { type FollowedBatch, type Follower, followLog, type Log } from '#libs/log';
import { liveEventOf } from './live-event.ts';
import type { LiveReader } from './reader.ts';

/**
 * Gives a reader out of the log what it lacks, region by region, no faster than it takes it.
 * @param arrived is asked after each batch whether the rest is at hand, and then takes the reader over at once.
 */
export async function catchUp(
  { log, regions }: { readonly log: Log; readonly regions: readonly string[] },
  reader: LiveReader,
  arrived: () => boolean,
): Promise<void> {
  for (const region of regions) {
    if (reader.isOver || arrived()) return;
    if (await oneRegion(log, region, reader, arrived)) return;
  }
  // What came to the regions before meanwhile is at hand: the stream follows them too.
  if (!reader.isOver && !arrived()) await catchUp({ log, regions }, reader, arrived);
}

/** @returns whether the reader needs no more of the log. */
async function oneRegion(
  log: Log,
  region: string,
  reader: LiveReader,
  arrived: () => boolean,
): Promise<boolean> {
  let done: (over: boolean) => void = () => undefined;
  let failed: (error: unknown) => void = () => undefined;
  const over = new Promise<boolean>((resolve, reject) => {
    done = resolve;
    failed = reject;
  });
  over.catch(() => undefined);
  let isOver = false;
  const take = async ({ partition, decisions, position }: FollowedBatch): Promise<void> => {
    for (const decision of decisions) {
      // Another partition's batch may have brought it home meanwhile.
      if (isOver || !(await reader.ready()) || isOver) break;
      reader.give(liveEventOf(region, decision));
    }
    if (isOver) return;
    if (!reader.isOver) reader.own?.set(region, partition, position);
    if (!reader.isOver && !arrived()) return;
    isOver = true;
    done(true);
  };
  const follower: Follower = await followLog(log, {
    topic: topicName(region, TOPIC.controllerEvents),
    from: (partition) => reader.own?.at(region, partition),
    onDecisions: take,
    onStopped: failed,
  });
  try {
    return await Promise.race([over, follower.caughtUp().then(() => false)]);
  } finally {
    isOver = true;
    await follower.stop();
  }
}
