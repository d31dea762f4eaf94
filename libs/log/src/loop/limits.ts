/** Bounds of the fenced loop; milliseconds unless the name says otherwise. */
export const LOOP_LIMITS = {
  /** Decisions, and bytes, of one append; brokers take a batch of 1 MiB. */
  appendRecords: 500,
  appendBytes: 512 * 1024,
  /**
   * Inputs of a partition wait while so many of its decisions are on their way. A decision's commands expire by the time
   * when it was taken: those of all partitions together are to leave long before.
   */
  queuedDecisions: 300,
  /** Inputs judged without letting anything else run. */
  chunkRecords: 100,
  /** Time inputs of one partition given without letting anything else run. */
  dueAtOnce: 25,
  snapshotIntervalMs: 10_000,
  snapshotRecords: 500,
  watchIntervalMs: 250,
  /** A due time nearer than this is waited for this long all the same. */
  watchLeastMs: 5,
  /** A time input that changed nothing is not given again for. */
  timeInputAgainMs: 1_000,
  /**
   * An append answered later than this may be a process's that was frozen until its group gave its
   * partitions away: it has the group confirm, and claims again, before it commands. Less than the session.
   */
  lateAnswerMs: 5_000,
  claimRetryMs: 10,
  claimRetryMaxMs: 1_000,
  /** stop() waits so long for a last checkpoint. */
  stopMs: 2_000,
} as const;
