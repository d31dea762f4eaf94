import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { CloseRelayReason, LegRejection } from '#libs/contracts';
import type { SessionPeer } from '#libs/relay';
import { networkOf } from './network.ts';

/** Whose attempts count together. */
export interface Guesser {
  readonly peer: SessionPeer;
  readonly address: string;
}

export interface GuessLimitOptions {
  /** Codes tried in vain that cost nothing, of one identity and of one address. */
  readonly freePerIdentity: number;
  readonly freePerAddress: number;
  /** Ids shown in vain that cost nothing, of one identity and of one address: all that a technician had may be over at once. */
  readonly freeReturns: number;
  /** Wait after the first one beyond; twice as long after each further one. */
  readonly firstDelayMs: number;
  readonly maxIdentityDelayMs: number;
  /** Short, as others sit behind the same address: it slows guessing down and keeps nobody out. */
  readonly maxAddressDelayMs: number;
  /** Attempts are forgotten so long after the first of them. */
  readonly forgetMs: number;
  /** Identities and addresses remembered. */
  readonly maxKeys: number;
  readonly codesPerMinute: number;
}

export const GUESS_LIMITS: Omit<GuessLimitOptions, 'codesPerMinute'> = {
  freePerIdentity: 5,
  freePerAddress: 20,
  freeReturns: 100,
  firstDelayMs: 1_000,
  maxIdentityDelayMs: 15 * 60_000,
  maxAddressDelayMs: 10_000,
  forgetMs: 60 * 60_000,
  maxKeys: 100_000,
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** Who showed a code or an id and was turned away so will never get in by that: it may as well have guessed. */
const IN_VAIN: readonly (LegRejection | CloseRelayReason)[] = [
  ...(['unknown-code', 'used', 'wrong-identity', 'expired', 'closed'] as const),
];
export const isInVain = (reason: LegRejection | CloseRelayReason): boolean => IN_VAIN.includes(reason);

interface Counted {
  readonly key: string;
  readonly free: number;
  readonly maxDelayMs: number;
}

/**
 * How often codes may be tried, and asked for. An attempt counts when it is made, so that many at once are as slow as
 * one after the other, and is taken back when the control plane takes the code. Guests count apart from who has a
 * certificate: a guest's identity costs nothing, so it must not use up what a neighbour with one may do.
 */
export class GuessLimits {
  private readonly attempts: RateLimiterMemory;
  private readonly delays: RateLimiterMemory;
  private readonly requests: RateLimiterMemory;
  /** Keys that are counted, the latest last. */
  private readonly keys = new Set<string>();
  private latest: Promise<number> = Promise.resolve(0);

  constructor(private readonly options: GuessLimitOptions) {
    const duration = options.forgetMs / SECOND_MS;
    this.attempts = new RateLimiterMemory({ keyPrefix: 'attempts', points: 1, duration });
    this.delays = new RateLimiterMemory({ keyPrefix: 'delays', points: 1, duration });
    const points = options.codesPerMinute;
    this.requests = new RateLimiterMemory({ keyPrefix: 'new', points, duration: MINUTE_MS / SECOND_MS });
  }

  /** Counts an attempt. @returns 0, or how long to wait instead, in milliseconds; then nothing was counted */
  attempt(guesser: Guesser): Promise<number> {
    // One after the other, however many come at once: each has to see what the one before was counted.
    const attempt = this.latest.then(() => this.attemptNow(guesser));
    this.latest = attempt;
    return attempt;
  }

  private async attemptNow(guesser: Guesser): Promise<number> {
    const counted = this.countedFor(guesser);
    const waitMs = await this.waitOf(counted);
    if (waitMs === 0) await this.count(counted);
    return waitMs;
  }

  /** Somebody comes back with a session's id. @returns 0, or how long to wait instead, in milliseconds */
  comesBack(guesser: Guesser): Promise<number> {
    return this.waitOf(this.returnsOf(guesser));
  }

  /**
   * Who came back was turned away for good, which stands in the log for ever. Counted only now: after a broker's death many
   * come back at once, and rightly.
   */
  cameInVain(guesser: Guesser): Promise<void> {
    return this.count(this.returnsOf(guesser));
  }

  private async waitOf(counted: readonly Counted[]): Promise<number> {
    const delays = await Promise.all(counted.map(({ key }) => this.delays.get(key)));
    return Math.max(0, ...delays.map((delay) => delay?.msBeforeNext ?? 0));
  }

  private async count(counted: readonly Counted[]): Promise<void> {
    for (const { key, free, maxDelayMs } of counted) {
      this.remember(key);
      const { consumedPoints } = await this.attempts.penalty(key);
      if (consumedPoints <= free) continue;
      const delayMs = Math.min(maxDelayMs, this.options.firstDelayMs * 2 ** (consumedPoints - free - 1));
      await this.delays.block(key, delayMs / SECOND_MS);
    }
  }

  /** The attempt was none in vain: who knows a code has nothing to wait for, and its neighbours have not either. */
  async succeeded(guesser: Guesser): Promise<void> {
    const [identity, address] = this.countedFor(guesser);
    if (identity !== undefined)
      await Promise.all([this.attempts.delete(identity.key), this.delays.delete(identity.key)]);
    if (address === undefined || ((await this.attempts.get(address.key))?.consumedPoints ?? 0) <= 0) return;
    const left = await this.attempts.reward(address.key);
    if (left.consumedPoints <= address.free) await this.delays.delete(address.key);
  }

  /** Counts a request for a code. @returns 0, or how long to wait instead, in milliseconds */
  async request(peer: SessionPeer): Promise<number> {
    const key = `i ${peer.id}`;
    this.remember(key);
    const { consumedPoints, msBeforeNext } = await this.requests.penalty(key);
    return consumedPoints <= this.options.codesPerMinute ? 0 : msBeforeNext;
  }

  private countedFor({ peer, address }: Guesser): Counted[] {
    const { freePerIdentity, freePerAddress, maxIdentityDelayMs, maxAddressDelayMs } = this.options;
    const kind = peer.guest ? 'guests' : 'others';
    return [
      { key: `i ${peer.id}`, free: freePerIdentity, maxDelayMs: maxIdentityDelayMs },
      { key: `a ${kind} ${networkOf(address)}`, free: freePerAddress, maxDelayMs: maxAddressDelayMs },
    ];
  }

  /** Apart from codes, and never for long: who errs there keeps nobody, itself included, from a session that goes on. */
  private returnsOf(guesser: Guesser): Counted[] {
    const { freeReturns: free, maxAddressDelayMs: maxDelayMs } = this.options;
    return this.countedFor(guesser).map(({ key }) => ({ key: `back ${key}`, free, maxDelayMs }));
  }

  private remember(key: string): void {
    this.keys.delete(key);
    this.keys.add(key);
    if (this.keys.size <= this.options.maxKeys) return;
    const [oldest] = this.keys;
    if (oldest === undefined) return;
    this.keys.delete(oldest);
    for (const limiter of [this.attempts, this.delays, this.requests]) void limiter.delete(oldest);
  }
}
