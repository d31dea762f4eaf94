/** Every bound of the registry, with its unit. */
export const REGISTRY_LIMITS = {
  /** Decisions kept of one connection, the newest; the log keeps them all. */
  eventsPerConnection: 1_000,
  /**
   * Decisions of one connection in a sealed block of its history. The events must hold a run that is applied in one
   * call together with what was not sealed before it, so a run has at most `eventsPerConnection` less this.
   */
  historyBlock: 256,
  /** Sealed blocks kept of one connection, the newest: 1,048,576 decisions. */
  historyBlocks: 4_096,
  /** Rows that one page of a list as of then looks at. */
  historyRowsLooked: 1_024,
  /** Points kept of one connection's health over time, the newest: an hour of one with each report, every 5 s. */
  healthPoints: 720,
  /** A point is kept so long, in milliseconds; as reports are in their topic. */
  healthLifeMs: 3_600_000,
  /** Failover ledgers kept of one connection, the newest. */
  failoversPerConnection: 100,
  /** Failovers in the list over all connections, the newest. */
  failoversListed: 100_000,
  /** Rows of one list answer; also what a caller may ask for at most. */
  pageSize: 500,
  /** Rows of one list answer when the caller names no limit. */
  defaultPageSize: 100,
  /** Index rows that one list call looks at before it answers with what it has and a cursor. */
  rowsScanned: 50_000,
  /** Agents that one list call with a filter looks at before it answers with what it has and a cursor. */
  agentsScanned: 5_000,
  /** Failovers, likewise. */
  failoversScanned: 5_000,
  /** Answers kept for requests that may come again, the newest. */
  answersKept: 100_000,
  /** Such an answer is kept so long, in milliseconds. */
  answerLifeMs: 24 * 3_600_000,
  /** A request that has not been answered for so long never will be, in milliseconds. */
  answerLeaseMs: 60_000,
  /** Rows given to one Lua call; Redis serves nobody else meanwhile. */
  rowsPerCall: 64,
  /** A command is given up after so long, in milliseconds. */
  commandTimeoutMs: 5_000,
  /** A connection attempt is given up after so long, in milliseconds. */
  connectTimeoutMs: 2_000,
  /** Between two connection attempts at most, in milliseconds. */
  reconnectMs: 500,
  /** A cursor as text. */
  cursorLength: 512,
} as const;
