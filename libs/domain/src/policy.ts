import { TIMING } from '#libs/contracts';

/** What the rules of a link go by; policy version 0. Every time is in milliseconds. */
export const LINK_POLICY = {
  version: 0,
  rule: 'link/1',
  commandExpiryMs: TIMING.commandExpiryMs,
  /** No answer by then: the command is given up, and the next step is taken. */
  commandGiveUpMs: TIMING.commandGiveUpMs,
  /** Unanswered stops are issued again after commandGiveUpMs, doubling up to this. */
  stopRetryMaxMs: 60_000,
  /** A server that failed a link is not tried for so long, doubling with each failure up to the maximum. */
  serverBackoffMs: 1_000,
  /** A client that failed is tried again at once the first time; from the second on it waits as a server does. */
  clientBackoffMs: 1_000,
  backoffMaxMs: 30_000,
  /**
   * Failures of any servers, not yet forgotten, that a link takes as they come. Beyond them it tries servers
   * that failed it at the pace of one that failed so many times more: with many servers and one fault of its own it would
   * otherwise never rest.
   */
  unpacedFailures: 8,
  /** A failure so long ago no longer counts; a life known to be over is left out for as long. */
  backoffForgetMs: 60_000,
  /** Agents whose failures one link remembers, the latest ones. */
  backoffsPerLink: 16,
  /** Once a placement stands, failures older than this are forgotten: servers that take a link and drop it stay held back. */
  settledMs: 5_000,
  /** Earlier lives of its client that a link remembers, so that their late words are known as such. */
  retiredIncarnations: 8,
  /** Commands of one placement whose answers are still recognised, the latest ones. */
  issuedPerPlacement: 32,
  /** A better server must have been ready for a degraded link so long before the link moves. */
  betterWindowMs: 15_000,
  /** Points by which a server must be better than the degraded path it would replace. */
  betterMarginPoints: 10,
  /** Points that unanswered requests must have taken off, and be the most of all terms, to move a link at once. */
  unansweredDominantPoints: 20,
} as const;

const DAY_MS = 24 * 60 * 60 * 1000;

/** What the rules of a session go by; policy version 0. Every time is in milliseconds. */
export const SESSION_RULES = {
  rule: 'session/1',
  commandExpiryMs: TIMING.commandExpiryMs,
  commandGiveUpMs: TIMING.commandGiveUpMs,
  /** How often a command is issued before its broker is taken not to answer. */
  commandAttempts: 3,
  /** A target may think about its consent for, and a controller take to follow a redirection. */
  consentMs: 120_000,
  redirectMs: 15_000,
  /** Both legs stand at the broker, which was told to splice them, so often in vain. */
  openMs: 4 * TIMING.commandGiveUpMs,
  drainMs: TIMING.sessionDrainMs,
  /** What is added to a drain's limit before it is held against the broker that it did not end. */
  drainMarginMs: TIMING.commandGiveUpMs,
  /** Under least-total a target stays where it attached unless another broker's way is shorter by more than so much. */
  betterTotalMs: 5,
  /** A session that is over is forgotten after. */
  forgetMs: 8 * DAY_MS,
} as const;

/** What the rules for an agent as a whole go by. Every time is in milliseconds. */
export const AGENT_POLICY = {
  version: 0,
  rule: 'agent/1',
  commandExpiryMs: TIMING.commandExpiryMs,
  commandGiveUpMs: TIMING.commandGiveUpMs,
  /** How often a broker is told to drain before it is taken not to answer. */
  commandAttempts: 3,
} as const;

/** What the rules for a control region's settings go by. */
export const REGION_POLICY = { version: 0, rule: 'region/1' } as const;

/** What the rules for a server that a peer asks for go by. */
export const RESERVATION_POLICY = { version: 0, rule: 'reservation/1' } as const;
