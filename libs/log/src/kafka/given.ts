import type { ConsumerStartBatchProcessEvent, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { fetchedOffsetOf } from './messages.ts';

/** What kafkajs fetched of one partition, and is through with once it is handled. */
export interface Given {
  readonly topic: string;
  readonly partition: number;
  readonly fetchedOffset: number;
  /** Of what was fetched at or behind `fetchedOffset`; null: nothing stood there any more. */
  readonly firstOffset: string | null;
  readonly nextOffset: number;
  readonly highWatermark: number;
  readonly messages: readonly KafkaMessage[];
  isStale(): boolean;
  heartbeat(): Promise<void>;
}

export function givenBy(payload: EachBatchPayload): Given {
  const { batch } = payload;
  return {
    topic: batch.topic,
    partition: batch.partition,
    fetchedOffset: fetchedOffsetOf(batch),
    firstOffset: batch.firstOffset(),
    nextOffset: Number(batch.lastOffset()) + 1,
    highWatermark: Number(batch.highWatermark),
    messages: batch.messages,
    isStale: () => payload.isStale(),
    heartbeat: () => payload.heartbeat(),
  };
}

/**
 * A fetch of which kafkajs filtered out everything: a transaction's end, or what compaction left behind.
 * It goes on by itself and says so in this event alone. Where nothing stood at or behind the offset it
 * asked for, its last offset is that offset.
 * @returns undefined: the event is of a batch that is handed out.
 */
export function nothingGiven({ payload }: ConsumerStartBatchProcessEvent): Given | undefined {
  if (payload.batchSize > 0) return undefined;
  const firstOffset: string | null = payload.firstOffset;
  return {
    topic: payload.topic,
    partition: payload.partition,
    fetchedOffset: Number(firstOffset ?? payload.lastOffset),
    firstOffset,
    nextOffset: Number(payload.lastOffset) + 1,
    highWatermark: Number(payload.highWatermark),
    messages: [],
    isStale: () => false,
    heartbeat: async () => undefined,
  };
}
