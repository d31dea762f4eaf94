import type { ControlAnswer } from './control-client.ts';

/** Of the time that requests may wait, so much is left for the move after a drain, in milliseconds; at most half. */
const MOVE_MARGIN_MS = 500;
/** What an application sent just before it said that it stopped has come this much later, in milliseconds. */
const STRAGGLER_MS = 100;

export interface DrainLimits {
  /** Responses are waited for, in milliseconds. */
  readonly drainMs: number;
  /** A request may wait, in milliseconds. */
  readonly holdMs: number;
}

/**
 * The end of a link's turn on its path: what was sent may still be answered. New requests wait for the next path;
 * or, where none comes here, the application is asked to stop, and what it sent before it did still goes out.
 *
 * | state     | requests | goes on to | when                                                     |
 * | --------- | -------- | ---------- | -------------------------------------------------------- |
 * | `asking`  | pass     | `stopped`  | the application said that it sends no more               |
 * | `asking`  | pass     | `holding`  | it refused, or did not answer                            |
 * | `stopped` | pass     | `holding`  | done: nothing came for a moment and nothing is in flight |
 * | any       |          | `holding`  | done: its time is over                                   |
 */
export class Drain {
  private state: 'asking' | 'stopped' | 'holding';
  private readonly sinceMs: number;
  private quietSinceMs: number;
  private doneMs: number | undefined;
  /** The application was asked to stop, so it must be told when it may go on. */
  readonly wasAsked: boolean;

  constructor(
    private readonly limits: DrainLimits,
    private readonly nowMs: () => number,
    private readonly done: () => void,
    /** The application's answer to being asked to stop; undefined: it is not asked. */
    stopping?: Promise<ControlAnswer>,
  ) {
    this.sinceMs = this.quietSinceMs = nowMs();
    this.state = stopping === undefined ? 'holding' : 'asking';
    this.wasAsked = stopping !== undefined;
    void stopping?.then((answer) => this.answered(answer));
  }

  /** New requests go out, not into the queue. */
  get passes(): boolean {
    return this.state !== 'holding';
  }

  requestsSent(): void {
    this.quietSinceMs = this.nowMs();
  }

  /** Ends it when nothing is waited for any more, or its time is over. */
  check(inFlight: number, heldAgeMs: number): void {
    if (this.doneMs !== undefined) return;
    const { drainMs, holdMs } = this.limits;
    const mayWaitMs = holdMs - Math.min(MOVE_MARGIN_MS, holdMs / 2);
    const isOver = this.nowMs() - this.sinceMs >= drainMs || heldAgeMs >= mayWaitMs;
    if (isOver || (inFlight === 0 && this.isQuiet)) this.end();
  }

  /** Called back at most once; after it the drain stands until the link moves or goes on. */
  end(): void {
    this.state = 'holding';
    if (this.doneMs !== undefined) return;
    this.doneMs = this.nowMs();
    this.done();
  }

  /** Since it ended, in milliseconds; undefined: it did not. */
  get endedForMs(): number | undefined {
    return this.doneMs === undefined ? undefined : this.nowMs() - this.doneMs;
  }

  private get isQuiet(): boolean {
    if (this.state === 'asking') return false;
    return this.state === 'holding' || this.nowMs() - this.quietSinceMs >= STRAGGLER_MS;
  }

  private answered(answer: ControlAnswer): void {
    if (this.doneMs !== undefined) return;
    this.state = answer === 'done' ? 'stopped' : 'holding';
    this.quietSinceMs = this.nowMs();
  }
}
