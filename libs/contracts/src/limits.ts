/** Every bound of the wire contracts, with its unit. Bounds of one program stand in that program. */
export const LIMITS = {
  /** A record's value, and a body of POST /events. */
  messageBytes: 256 * 1024,
  /** Nesting of a JSON value. */
  jsonDepth: 16,
  /** Connections in one health report record; more go in further parts. */
  connectionsPerReport: 500,
  /** Parts of one health report. */
  reportParts: 64,
  /** A free-text reason, in UTF-16 code units. */
  reasonLength: 512,
  /** An address `host:port`. */
  addressLength: 262,
  /** `metadata` of a connection request, serialised. */
  metadataBytes: 4 * 1024,
  /** The detail of a rejection, for people, in UTF-16 code units. */
  detailLength: 512,
  /** What a detail repeats of a text that somebody else wrote, in UTF-16 code units. */
  echoLength: 64,
  /** Candidates recorded in a decision. */
  candidatesPerDecision: 10,
  /** Evidence records in a decision. */
  evidencePerDecision: 16,
  /** Moves that a link remembers. */
  recentMoves: 32,
  /** Policies of one control region. */
  policies: 256,
  /** Approvals that one control region remembers, the latest ones. */
  approvals: 64,
  /** Beginnings of an agent's lives that are remembered, the latest ones. */
  restartsPerAgent: 64,
  /** Brokers of which one endpoint tells how far they are. */
  probesPerLeg: 64,
  /** How long a connection code may live, in milliseconds: a day. */
  codeMs: 24 * 3_600_000,
  /** How long a target may ask a session to wait for it, in milliseconds: a week. */
  surviveMs: 7 * 24 * 3_600_000,
  /** A page of a REST list. */
  pageSize: 500,
} as const;

/** Defaults of the timings, in milliseconds; DESIGN, "Placements, exactly". */
export const TIMING = {
  reportIntervalMs: 5_000,
  leaseMs: 60_000,
  /** What the monitor adds to a lease before it declares an agent silent. */
  leaseMarginMs: 5_000,
  keepaliveIntervalMs: 500,
  keepaliveMisses: 3,
  /** A command may be run until so long after its issue. */
  commandExpiryMs: 3_000,
  /** An unanswered command is given up so long after its issue; more than expiry plus clock difference. */
  commandGiveUpMs: 5_000,
  /** Clocks of two machines differ by at most. */
  clockSkewMs: 1_000,
  /** The fleet is what was reported within. */
  fleetAgeMs: 15_000,
  /** A server sidecar parks a dial that came before its accept-client for. */
  earlyDialMs: 2_000,
  /** Requests wait in a client sidecar, while a path is being replaced, up to. */
  holdMs: 2_000,
  /** A drain lets responses finish for. */
  drainMs: 2_000,
  /** The peer answers a failover request within. */
  peerDeadlineMs: 500,
  /** The home goes on without the peer so long after the deadline, when nobody tells how the question ended. */
  peerMarginMs: 250,
  /** A peer holds a reserved server's capacity for. */
  reservationMs: 15_000,
  /** A client's application that was there may stay away for, before its DR client takes over. */
  applicationAwayMs: 30_000,
  /** A connection code can be used for. */
  codeMs: 600_000,
  /** Ends of a broker that drains attach elsewhere within; then it goes anyway. */
  sessionDrainMs: 30_000,
  /** A look at the clock further apart than this means the process was asleep. */
  asleepMs: 1_500,
} as const;
