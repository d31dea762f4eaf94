/** Points of the terms of a server's score. Their order of weight: what was asked for, then nearness, then load. */
export const PLACEMENT = {
  /** The link asked for this server. */
  preferredPoints: 40,
  /** It stands where the client stands. */
  locationPoints: 20,
  /** All of its capacity is free; less in proportion. */
  freePoints: 30,
  /** Its health score is 100; less in proportion. */
  healthPoints: 30,
  /** Taken off for each link of the same link group that it carries … */
  spreadPoints: 10,
  /** … up to this. */
  spreadMaxPoints: 30,
  /** Of a broker, whose points are milliseconds: what a full one loses, and less in proportion … */
  brokerLoadMs: 20,
  /** … and one whose health score is 0. */
  brokerHealthMs: 100,
} as const;
