import type { Leg } from './leg.ts';

/**
 * The legs of one side of a session: at most one is `active` and carries the streams, at most one is `waiting`,
 * attached at a broker that is to open it. Whoever loses its place is closed: a broker that still carries is told that
 * both ends moved, so that it does not hurry the other one; any other knows, or is not there to be told.
 */
export class SessionLegs {
  active: Leg | undefined;
  waiting: Leg | undefined;

  get current(): Leg | undefined {
    return this.active ?? this.waiting;
  }

  has(leg: Leg): boolean {
    return leg === this.active || leg === this.waiting;
  }

  wait(leg: Leg): void {
    if (this.waiting !== leg) this.waiting?.close();
    this.waiting = leg;
  }

  activate(leg: Leg): void {
    if (this.active !== leg) {
      this.active?.send('bye', { reason: 'moved' });
      this.active?.close();
    }
    if (this.waiting !== leg) this.waiting?.close();
    this.active = leg;
    this.waiting = undefined;
  }

  /** The active leg waits from here on; unless another one does, which is where this side is about to move. */
  park(): void {
    const { active } = this;
    this.active = undefined;
    if (this.waiting === undefined) this.waiting = active;
    else active?.close();
  }

  remove(leg: Leg): void {
    if (this.active === leg) this.active = undefined;
    if (this.waiting === leg) this.waiting = undefined;
  }

  /** Says the last word on both and closes them; settles when it has gone out. */
  async close(reason?: string): Promise<void> {
    const legs = [this.active, this.waiting].filter((leg) => leg !== undefined);
    this.active = undefined;
    this.waiting = undefined;
    for (const leg of legs) {
      if (reason !== undefined) leg.send('bye', { reason });
      leg.close();
    }
    await Promise.all(legs.map(({ ended }) => ended));
  }
}
