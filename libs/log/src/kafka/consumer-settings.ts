import type { Kafka, PartitionAssigner } from 'kafkajs';
import type { DecodeOptions } from '../codec/decode.ts';
import type { LogObserver } from '../observer.ts';
import type { Batch, PartitionOffsets, TopicPartition } from '../port.ts';

export interface ConsumerSettings {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly assigner: PartitionAssigner;
  readonly decode: DecodeOptions;
  /** undefined: gives nothing until a seek. */
  startOf(topic: string, partition: number): Promise<number | undefined>;
  onAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>;
  onRevoked?(partitions: readonly TopicPartition[]): void;
  onBatch(batch: Batch): Promise<void>;
  /** Each partition gives nothing until a seek. */
  readonly startsPaused: boolean;
  readonly reportLag: boolean;
  readonly stallMs: number;
  /** Absent: KAFKA_LIMITS.bytesPerPartition. */
  readonly fetchBytes?: number;
  /** Absent: KAFKA_LIMITS.maxWaitMs. kafkajs sleeps as long between two looks for partitions that are not paused. */
  readonly waitMs?: number;
}

export interface ConsumerContext {
  readonly kafka: Kafka;
  readonly observer: LogObserver;
  endOffsets(topic: string): Promise<PartitionOffsets[]>;
  /** The same without patience for a topic that has no leader. */
  endsNow(topic: string): Promise<PartitionOffsets[]>;
}
