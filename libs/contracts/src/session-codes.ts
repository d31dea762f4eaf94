/** Closed unions of codes that only sessions use; codes.ts says how such a word is used. */

/** Why a relay, or a leg that waited for one, ended, as the broker says. */
export const RELAY_CLOSE_REASONS = [
  'hung-up',
  /** The target, or who sits at it, does not want to be controlled. */
  'declined',
  /** Bytes are missing that neither end can give again. */
  'gap',
  'idle-timeout',
  'protocol-error',
  'controller-lost',
  'target-lost',
  /** The broker stops. */
  'shutdown',
  /** A placement with a higher epoch took its place. */
  'moved',
  'closed-by-command',
] as const;
export type RelayCloseReason = (typeof RELAY_CLOSE_REASONS)[number];

/** After these nobody comes back: the session is over. After the others its endpoints may attach again. */
export const FINAL_CLOSE_REASONS = ['hung-up', 'declined', 'gap', 'idle-timeout', 'protocol-error'] as const;
export type FinalCloseReason = (typeof FINAL_CLOSE_REASONS)[number];
export const isFinalClose = (reason: string): reason is FinalCloseReason =>
  (FINAL_CLOSE_REASONS as readonly string[]).includes(reason);

/** Who ended a relay. */
export const RELAY_CLOSERS = ['controller', 'target', 'broker'] as const;
export type RelayCloser = (typeof RELAY_CLOSERS)[number];

/** Why a leg is not taken; the broker hands the word on to the endpoint, which matches on it. */
export const LEG_REJECTIONS = [
  /** No code was issued that leads to this session. */
  'unknown-code',
  'expired',
  /** Another program came with the code before, or the relay stands. */
  'used',
  /** Policy wants no guests. */
  'not-allowed',
  /** Attach to the broker that the command names. */
  'other-broker',
  /** No broker fits: it may be tried again later. */
  'no-capacity',
  /** The session is over. */
  'closed',
  /** Somebody else's session. */
  'wrong-identity',
] as const;
export type LegRejection = (typeof LEG_REJECTIONS)[number];

/** Why a broker is told to close what it has of a session. */
export const CLOSE_RELAY_REASONS = [
  ...LEG_REJECTIONS,
  /** A placement with a higher epoch took its place. */
  'superseded',
  /** The relay of a higher epoch stands, so both ends leave this one by themselves: whoever hurried them would interrupt them. */
  'moved',
  /** The other end stayed away too long. */
  'window-over',
  'hung-up',
  'declined',
  'gap',
  'idle-timeout',
  'protocol-error',
] as const;
export type CloseRelayReason = (typeof CLOSE_RELAY_REASONS)[number];

/** Which broker carries a session: the one nearest to the target, or the one with the shortest way from end to end. */
export const BROKER_PLACEMENTS = ['nearest-target', 'least-total'] as const;
export type BrokerPlacement = (typeof BROKER_PLACEMENTS)[number];
