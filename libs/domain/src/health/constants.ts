/** The health rules' figures; libs/domain/README.md has the formula in words. */
export const HEALTH = {
  /** Points each report missed takes off … */
  missedPoints: 15,
  /** … up to this. */
  missedMaxPoints: 45,
  /** A keepalive round trip up to this takes nothing off, in milliseconds … */
  rttFreeMs: 50,
  /** … one of this or more takes off all of rttMaxPoints; between them in proportion. */
  rttFullMs: 500,
  rttMaxPoints: 20,
  /** As the round trip, for the application's 99th percentile of response time, in milliseconds. */
  responseFreeMs: 500,
  responseFullMs: 5_000,
  responseMaxPoints: 20,
  /** A share of unanswered requests up to this takes nothing off (0 to 1) … */
  unansweredFree: 0.02,
  /** … one of this or more takes off all of unansweredMaxPoints. */
  unansweredFull: 0.5,
  unansweredMaxPoints: 60,
  /** A healthy connection with a score under this is degraded … */
  degradedBelow: 60,
  /** … after so many reports in a row, */
  degradedReports: 2,
  /** … or at once when the score is this or less. */
  degradedAtOnce: 45,
  /** A degraded connection with a score over this has recovered … */
  recoveredAbove: 80,
  /** … after so many reports in a row. */
  recoveredReports: 3,
} as const;

/** When an agent's next report is overdue. Factors are of its own report interval. */
export const SUSPICION = {
  /** Intervals seen before the agent's own regularity counts. */
  startupIntervals: 4,
  /** Until then, and at the most ever: three missed reports. */
  maxIntervals: 3,
  /** At the least, however regular the agent is. */
  minIntervals: 1.5,
  /** Standard deviations added to the mean interval. */
  deviations: 4,
  /** Weight of the newest interval in mean and variance, 0 to 1. */
  smoothing: 0.1,
} as const;
