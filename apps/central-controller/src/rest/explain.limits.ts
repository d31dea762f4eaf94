export const EXPLAIN_READS = {
  /** Decisions that are looked at, the newest ones. */
  decisions: 1_000,
  /** Decisions that are read from the log, where the registry keeps only their places. */
  decisionsFromLog: 100,
  /** Facts that are read from the log for one explanation; the evidence of the last steps first. */
  facts: 32,
  /** How long the log is given for them, in milliseconds; what did not come by then stays a bare position. */
  factsMs: 1_500,
  /** How long the log is given for decisions, in milliseconds. */
  decisionsMs: 5_000,
} as const;
