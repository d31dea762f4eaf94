import { TIMING } from '#libs/contracts';

/** One life of an agent that is expected to report. */
export interface Expectation {
  readonly agent_id: string;
  readonly incarnation: string;
  /** Absent: not known, or none; then the default lease is waited for. */
  readonly leaseMs?: number;
  /** When it was last heard, or expected for the first time, on the watcher's own clock. */
  readonly sinceMs: number;
}

/**
 * When this life may be declared silent, on the clock of `sinceMs`: lease and margin after its last
 * report. The agent's own lease began before that report was sent, so it is over by then.
 */
export function silentAtMs(expectation: Expectation, marginMs: number = TIMING.leaseMarginMs): number {
  return expectation.sinceMs + (expectation.leaseMs ?? TIMING.leaseMs) + marginMs;
}
