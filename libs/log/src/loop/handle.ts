import type { LogObserver } from '../observer.ts';

/** Time as the loop sees it; passed in so that tests can stand in for it. */
export interface LoopClock {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

export interface LoopOptions {
  readonly observer?: LogObserver;
  readonly clock?: LoopClock;
  /** A round of snapshots and a checkpoint at most so often, in milliseconds; default 10,000. */
  readonly snapshotIntervalMs?: number;
  /** The ends of input and log partitions are looked at so often, in milliseconds; default 250. */
  readonly watchIntervalMs?: number;
  /** Decisions in one append at most; default 500. */
  readonly appendRecords?: number;
}

/** Where the loop's hold on one partition stands. */
export interface OwnedPartition {
  readonly partition: number;
  /** `stopped`: truth could not be read (`failure`); nothing is decided there until a restart. */
  readonly phase: 'claiming' | 'owning' | 'stopped';
  readonly writerEpoch: number;
  readonly states: number;
  readonly failure?: string;
}

export interface ControlLoop<S> {
  /** True once the group assigned partitions and each of them is owned. */
  ready(): boolean;
  partitions(): readonly OwnedPartition[];
  /** Reads a state of a partition owned here, as acknowledged. */
  state(key: string): S | undefined;
  /** Gives a time input to every aggregate the predicate names, as soon as the inputs before now are read. */
  wake(predicate: (key: string, state: S) => boolean): void;
  stop(): Promise<void>;
}
