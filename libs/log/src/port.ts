import type { DeadLetterReason } from '#libs/contracts';
import type { LogTracer } from './tracing.ts';

/**
 * The port to the log: what every program may do with it. KafkaLog (on kafkajs) and MemoryLog (its
 * in-memory twin) implement it through the same codec; the fenced loop and followLog stand on it.
 */

/** One event to be written, as a binary-mode CloudEvent. */
export interface OutgoingEvent {
  readonly topic: string;
  readonly key: string;
  /** Explicit partition; absent: where the key belongs. */
  readonly partition?: number;
  /** `ce_id`, unique per source. */
  readonly id: string;
  /** Short name, e.g. `connection-lost`; written as `trunkline.<name>.v1`. */
  readonly type: string;
  readonly source: string;
  /** Absent: the key. */
  readonly subject?: string;
  /** RFC 3339; absent: the time of the send. */
  readonly time?: string;
  readonly data: object;
  /** Headers beside CloudEvents' own, e.g. `traceparent`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface RecordPosition extends TopicPartition {
  readonly offset: number;
}

/** A record's bytes as they stand in the log; dead letters and forwards keep them. */
export interface RawRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
  readonly timestampMs: number;
}

/** A record that is a valid CloudEvent of ours. */
export interface ReceivedEvent extends RecordPosition {
  readonly readable: true;
  readonly key: string;
  readonly id: string;
  readonly source: string;
  /** Short name, e.g. `connection-lost`. */
  readonly name: string;
  readonly subject: string;
  /** `ce_time`, or the record's when that is absent. */
  readonly timeMs: number;
  /** What the subscription's parser made of the value; a plain object without a parser. */
  readonly data: unknown;
  /** Every header as text. */
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: RawRecord;
}

/** A record that is not; `reason` is the dead letter's. */
export interface UnreadableRecord extends RecordPosition {
  readonly readable: false;
  readonly reason: DeadLetterReason;
  /** For people; never holds payload. */
  readonly detail: string;
  /** The key as text, when there is one. */
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: RawRecord;
}

export type LogRecord = ReceivedEvent | UnreadableRecord;

export type ParseResult<T = unknown> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly reason: DeadLetterReason; readonly detail: string };

/** Checks the data of a message by its short name (libs/contracts has one); the log itself knows no schema. */
export type MessageParser = (name: string, data: unknown, topic: string) => ParseResult;

/** Makes an object of a record's JSON; throws when it can't. */
export type DataReader = (json: Buffer) => object;

/** Records of one partition, in order, each offset at or after `fetchedOffset`. */
export interface Batch extends TopicPartition {
  readonly records: readonly LogRecord[];
  /** What was asked for: no record from here to the first one given was left out. */
  readonly fetchedOffset: number;
  /** The offset behind the last one given; where the next batch begins. */
  readonly nextOffset: number;
  readonly highWatermark: number;
  /** Keeps the group's membership while a batch takes long; throws when the group rebalances. */
  heartbeat(): Promise<void>;
}

/** Where reading begins: an offset per partition, or a rule. A record older than what is kept means the earliest. */
export type StartAt =
  | 'earliest'
  | 'end'
  | { readonly timeMs: number }
  | ((topic: string, partition: number) => number | undefined | Promise<number | undefined>);

interface Subscription {
  readonly topics: readonly string[];
  readonly parse?: MessageParser;
  /**
   * Given one batch at a time per partition, partitions side by side. The next batch of the partition
   * comes when it resolves; when it rejects, the same records come again after a pause.
   */
  onBatch(batch: Batch): Promise<void>;
}

/** Shares partitions with every consumer of the same group. Nothing is committed: `startAt` says where to begin. */
export interface GroupSubscription extends Subscription {
  readonly groupId: string;
  /** Partition p of every topic goes to the same member. */
  readonly coPartitioned?: boolean;
  /** Asked at each assignment; default: earliest. */
  readonly startAt?: StartAt;
  /** Awaited before the first batch of these partitions is given. */
  onAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** They are another's now, or nobody's; not awaited. */
  onRevoked?(partitions: readonly TopicPartition[]): void;
}

/** Reads exactly what it is told to, beside everyone else. */
export interface TailSubscription extends Subscription {
  /** Absent: every partition. */
  readonly partitions?: (topic: string) => readonly number[];
  readonly from: StartAt;
  /** Begins paused: each partition gives nothing until a seek. */
  readonly paused?: boolean;
  /** A fetch holds so many bytes of a partition, about; absent: as fits a reader of everything. */
  readonly fetchBytes?: number;
  /** While every partition is paused, a seek is heard after so many milliseconds at most; absent: as suits one that seldom is. */
  readonly waitMs?: number;
  /** Our own loops wrote it: no limits of size and depth, because truth is not skipped. */
  readonly trusted?: boolean;
  /** For trusted records: makes of a value only what its reader needs; absent: all of it. */
  readonly read?: DataReader;
}

export interface Consumer {
  /** Partitions this consumer reads now. */
  assignment(): readonly TopicPartition[];
  /** The offset of the next record it will give; undefined while the partition is not its own. */
  position(topic: string, partition: number): number | undefined;
  /** Goes on from there, backwards or forwards, paused or not; batches fetched before are dropped. */
  seek(topic: string, partition: number, offset: number): void;
  /** Gives nothing of this partition until a seek. */
  pause(topic: string, partition: number): void;
  /** Asks the coordinator whether this partition is still ours (a tail's always is). */
  confirm(topic: string, partition: number): Promise<boolean>;
  /** Resolves once every partition was read to a high watermark fetched after the call. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

export interface PartitionOffsets {
  readonly partition: number;
  /** Offset of the first record that is kept. */
  readonly low: number;
  /** Offset the next record will get. */
  readonly high: number;
}

export interface EnsureTopicsOptions {
  readonly partitions: number;
  /** Copies of each partition; default 1. With 3 and more, `min.insync.replicas` is 2. */
  readonly replication?: number;
}

/** A record as the codec made it, or kept as it was (dead letters, forwards). */
export interface EncodedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers: Readonly<Record<string, Buffer | string>>;
}

export interface Log {
  /** Makes spans of what is published and read here; absent: contexts only ride along. */
  readonly tracer?: LogTracer | undefined;
  /**
   * Writes and waits for every replica in sync; retries within bounds, so a record may stand twice.
   * @throws LogUnavailable when Kafka did not take it in time.
   */
  publish(events: readonly OutgoingEvent[]): Promise<RecordPosition[]>;
  /** As publish, for records that keep their bytes. */
  publishRaw(records: readonly EncodedRecord[]): Promise<void>;
  /**
   * One attempt to append to one partition, all or nothing; the caller has one in flight per partition.
   * A rejection says nothing: the records may stand, or land later.
   * @returns the offset of the first one.
   */
  append(topic: string, partition: number, records: readonly EncodedRecord[]): Promise<number>;
  /** Makes the region's topics with their settings. @throws WrongTopic for one that stands otherwise. */
  ensureTopics(region: string, options: EnsureTopicsOptions): Promise<void>;
  consumeGroup(subscription: GroupSubscription): Promise<Consumer>;
  tail(subscription: TailSubscription): Promise<Consumer>;
  /** By partition number. */
  endOffsets(topic: string): Promise<PartitionOffsets[]>;
  partitionCount(topic: string): Promise<number>;
  /** murmur2, as Java's client and kafkajs place keys. */
  partitionOf(key: string, partitions: number): number;
  close(): Promise<void>;
}
