import type { TopicPartition } from '../port.ts';

/** One partition as a consumer holds it, over every life of the kafkajs consumer beneath. */
export interface Slot extends TopicPartition {
  /** Next offset to give; undefined until it is known where to begin. */
  position: number | undefined;
  /** Told to give nothing until a seek. */
  paused: boolean;
  /** Grows with each seek and pause: what was fetched before is stale. */
  generation: number;
  /** The batch in its handler's hands. */
  busy: Promise<void> | undefined;
  /** When it last moved, was seen at the end, or was told to move. */
  movedAtMs: number;
}

export function slotKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

export function newSlot(topic: string, partition: number, paused: boolean): Slot {
  return {
    topic,
    partition,
    position: undefined,
    paused,
    generation: 0,
    busy: undefined,
    movedAtMs: Date.now(),
  };
}

/** Why a consumer that holds these partitions must be built anew; undefined: it need not. */
export function stallOf(
  slots: Iterable<Slot>,
  highOf: (slot: Slot) => number | undefined,
  nowMs: number,
  limits: { readonly stallMs: number; readonly handlerStallMs: number },
): string | undefined {
  const all = [...slots];
  // kafkajs fetches again only once every handler is done, so one that runs excuses the others for a while.
  const limitMs = all.some((slot) => slot.busy !== undefined) ? limits.handlerStallMs : limits.stallMs;
  for (const slot of all) {
    if (slot.paused || slot.position === undefined) continue;
    const high = highOf(slot);
    if (high === undefined || slot.position >= high) {
      slot.movedAtMs = nowMs;
    } else if (!slot.busy && nowMs - slot.movedAtMs > limitMs) {
      return `${slotKey(slot.topic, slot.partition)} stands at ${slot.position} of ${high}`;
    }
  }
  return undefined;
}
