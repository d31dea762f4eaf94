/** Bounds of the gRPC between controllers; milliseconds unless the name says otherwise. */
export const PEER_LIMITS = {
  /** Requests that wait for their decision, in one process; more are refused. */
  openRequests: 1_000,
  /** A request waits for its decision so long at most, whatever deadline its caller set. */
  longestWaitMs: 5_000,
  /** Bytes of one message in either direction; a request holds seven short words. */
  messageBytes: 16 * 1024,
  /** Streams on one connection; a peer's questions share one. */
  streamsPerConnection: 2_000,
  /** A connection on which nothing moves is looked after so often, and given up so much later. */
  keepaliveMs: 10_000,
  keepaliveTimeoutMs: 3_000,
  /**
   * Questions to one peer that are open at once, in one process: about as many as a busy peer answers within half of the
   * default deadline. The links beyond go on without it, at once.
   */
  openQuestions: 200,
  /** Questions in a row that the peer did not answer, after which it is left alone. */
  failuresToOpen: 5,
  /** For so long; then one question is asked, whose answer decides. */
  leftAloneMs: 2_000,
  /** Between two tries to reach a peer that can't be reached: from, doubling up to. */
  reconnectMs: 100,
  reconnectMaxMs: 2_000,
  /** Answers that wait to be published to the log; more are dropped, and their links go on at their due time. */
  unpublishedAnswers: 20_000,
  /** Answers published with one request. */
  answersPerPublish: 500,
  /** Tries to publish answers; the links go on by themselves soon after. */
  publishTries: 3,
} as const;
