/** Whether the application of one link is there; kept over paths, as a path may come while it is away. */
export class ApplicationPresence {
  private wasHere = false;
  private lastHereMs: number;

  constructor(private readonly nowMs: () => number) {
    this.lastHereMs = nowMs();
  }

  /** It is connected, or was until now. */
  connected(): void {
    this.wasHere = true;
    this.lastHereMs = this.nowMs();
  }

  /** It is not connected and answered on its /control; or a path begins to stand, and it has all its time again. */
  heard(): void {
    this.lastHereMs = this.nowMs();
  }

  /** What was before does not count any more: until it comes again nobody misses it. */
  forget(): void {
    this.wasHere = false;
  }

  /** It had been connected and has been away for so long, in milliseconds. */
  isAwayFor(limitMs: number): boolean {
    return this.wasHere && this.nowMs() - this.lastHereMs > limitMs;
  }
}
