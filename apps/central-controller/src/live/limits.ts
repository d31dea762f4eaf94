/** Every bound of the live stream, with its unit. */
export const LIVE_LIMITS = {
  /** Readers at once of one process. */
  readers: 2_000,
  /** Bytes that wait for one reader; more, and it is cut off. */
  readerBytes: 256 * 1024,
  /** How long a reader that was cut off, or is told that the process stops, may take to hear why, in milliseconds. */
  farewellMs: 2_000,
  /** A reader that catches up and takes nothing for so long is cut off, in milliseconds. */
  stalledMs: 10_000,
  /** Newest decisions kept for readers that come again, in bytes and in number. */
  recentBytes: 8 * 1024 * 1024,
  recentEvents: 10_000,
  /** Decisions between what a reader had and the present one up to which it may catch up from the log. */
  resumeRecords: 100_000,
  /** Readers that catch up from the log at once; others are asked to come again. */
  catchUps: 8,
  /** A comment that shows that the stream lives, and where it is, in milliseconds. */
  heartbeatMs: 15_000,
  /** How long a reader is to wait before it comes again, in milliseconds; told at the beginning. */
  retryMs: 2_000,
  /** How long the log is given to open for the first reader, in milliseconds. */
  openMs: 20_000,
} as const;
