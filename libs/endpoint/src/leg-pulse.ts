import { encodePingFrame } from '#libs/relay';
import type { EndpointTimings } from './options.ts';

/** How often a leg pings: an open session wants to know at once, one that waits is kept alive only. */
export type Pace = 'open' | 'waiting';

export interface LegPulseOptions {
  readonly timings: EndpointTimings;
  readonly send: (bytes: Buffer) => void;
  /** Called when the other side does not answer any more. */
  readonly dead: () => void;
}

/** A look at the clock so much later than it was due means that this machine, or this process, slept. */
const ASLEEP_MS = 1_500;
const LOOKS_PER_INTERVAL = 2;
/** However slow the pings are, the clock is looked at this often: so sleep is noticed. */
const LONGEST_LOOK_MS = 1_000;

/**
 * The pings of one leg: answers the other side's, sends its own, tells the round trip, and tells death by silence:
 * a ping unanswered for the limit, and nothing else heard since it was sent. Time asleep is not the other's silence:
 * after it the other side has the whole limit to answer a new ping.
 */
export class LegPulse {
  roundTripMs: number | undefined;
  private pace: Pace | undefined;
  private timer: NodeJS.Timeout | undefined;
  private token = 0n;
  private readonly sentAtMs = new Map<bigint, number>();
  private readonly waiters = new Map<bigint, (roundTripMs: number) => void>();
  private lastPingAtMs = 0;
  /** When the oldest ping was sent since when nothing was heard. */
  private unansweredSinceMs: number | undefined;
  private lastLook = { steadyMs: 0, wallMs: 0 };

  constructor(private readonly options: LegPulseOptions) {}

  setPace(pace: Pace): void {
    if (this.pace === pace) return;
    this.pace = pace;
    clearInterval(this.timer);
    this.lastLook = { steadyMs: performance.now(), wallMs: Date.now() };
    this.timer = setInterval(() => this.look(), this.lookMs());
    if (pace === 'open') this.sendPing();
  }

  stop(): void {
    clearInterval(this.timer);
    this.sentAtMs.clear();
    this.waiters.clear();
  }

  heard(): void {
    this.unansweredSinceMs = undefined;
  }

  receive(name: 'ping' | 'pong', token: bigint): void {
    if (name === 'ping') {
      this.options.send(encodePingFrame('pong', token));
      return;
    }
    const sentAtMs = this.sentAtMs.get(token);
    if (sentAtMs === undefined) return;
    this.roundTripMs = performance.now() - sentAtMs;
    for (const older of this.sentAtMs.keys()) if (older <= token) this.sentAtMs.delete(older);
    this.waiters.get(token)?.(this.roundTripMs);
    this.waiters.delete(token);
  }

  ping(): Promise<number> {
    return new Promise((resolve) => this.waiters.set(this.sendPing(), resolve));
  }

  private sendPing(): bigint {
    const nowMs = performance.now();
    this.token += 1n;
    this.sentAtMs.set(this.token, nowMs);
    this.lastPingAtMs = nowMs;
    this.unansweredSinceMs ??= nowMs;
    this.options.send(encodePingFrame('ping', this.token));
    return this.token;
  }

  private look(): void {
    const steadyMs = performance.now();
    const wallMs = Date.now();
    // A suspended machine's steady clock stands still; a wall clock may be set. The later of both is believed.
    const passedMs = Math.max(steadyMs - this.lastLook.steadyMs, wallMs - this.lastLook.wallMs);
    this.lastLook = { steadyMs, wallMs };
    if (passedMs > this.lookMs() + ASLEEP_MS) {
      this.unansweredSinceMs = undefined;
      this.sendPing();
      return;
    }
    const { timings } = this.options;
    const open = this.pace === 'open';
    const since = this.unansweredSinceMs;
    if (since !== undefined && steadyMs - since > (open ? timings.silenceMs : timings.idleSilenceMs)) {
      this.options.dead();
      return;
    }
    const intervalMs = open ? timings.pingIntervalMs : timings.idlePingIntervalMs;
    if (steadyMs - this.lastPingAtMs >= intervalMs * 0.9) this.sendPing();
  }

  private lookMs(): number {
    const { timings } = this.options;
    const intervalMs = this.pace === 'open' ? timings.pingIntervalMs : timings.idlePingIntervalMs;
    return Math.min(intervalMs / LOOKS_PER_INTERVAL, LONGEST_LOOK_MS);
  }
}
