import type { TruthUnreadable } from '../errors.ts';
import type { LogObserver } from '../observer.ts';
import type { DataReader, MessageParser, ReceivedEvent } from '../port.ts';

/** How far a reader of the log is, and whose records count there; stored as it is. */
export interface LogPosition {
  /** The next offset to read. */
  readonly offset: number;
  /** Of the last valid claim before that offset; 0 and '' when there was none. */
  readonly writer_epoch: number;
  readonly writer_id: string;
}

export const EARLIEST: LogPosition = { offset: 0, writer_epoch: 0, writer_id: '' };

/** A decision that counts: by the last valid claim's writer, and the first of its version. */
export interface FollowedDecision extends ReceivedEvent {
  readonly version: number;
}

export interface FollowedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly decisions: readonly FollowedDecision[];
  /** Behind the batch; store it together with what the decisions changed. */
  readonly position: LogPosition;
  readonly highWatermark: number;
}

export interface FollowOptions {
  readonly topic: string;
  /** Absent: every partition. */
  readonly partitions?: readonly number[];
  /** Absent, or undefined for a partition: the earliest record. */
  from?(partition: number): LogPosition | undefined;
  readonly parse?: MessageParser;
  /** Makes of a decision's JSON only what is needed, `version` included; absent: all of it. */
  readonly read?: DataReader;
  /** As onBatch: the next one comes when it resolves; rejecting means the same again. */
  onDecisions(batch: FollowedBatch): Promise<void>;
  /** Truth could not be read: this partition is followed no further. The program must say so, loudly. */
  onStopped(error: TruthUnreadable): void;
  readonly observer?: LogObserver;
}

export interface Follower {
  position(partition: number): LogPosition;
  /** Goes on from another position (a projector whose Redis came back with an older one). */
  restart(partition: number, position: LogPosition): void;
  /** Resolves once every partition was read to a high watermark fetched after the call. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}
