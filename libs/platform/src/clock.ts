import { uptime } from 'node:os';

/**
 * The three clocks of a program, passed in wherever time matters so that tests can stand in for it.
 */
export interface Clock {
  /** Milliseconds since 1970, for what people and other machines read. */
  wallMs(): number;
  /** Milliseconds of this process's monotonic clock, for latencies; stops while a machine is suspended. */
  monotonicMs(): number;
  /** Milliseconds since the machine booted, suspension included (resolution 10 ms): for leases. */
  bootMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  // libuv reads CLOCK_BOOTTIME for this; process.hrtime is CLOCK_MONOTONIC, which a suspended VM stops.
  bootMs: () => uptime() * 1000,
};
