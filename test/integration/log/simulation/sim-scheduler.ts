import type { MemoryScheduler } from '#libs/log';

/** Numbers from a seed: the same seed, the same schedule. */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = (seed ^ 0x9e3779b9) >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }
}

interface Pending {
  readonly client: string;
  readonly dueMs: number;
  readonly resolve: () => void;
}

/** Virtual time, and one step at a time in the order that the dice say. */
export class SimScheduler implements MemoryScheduler {
  private readonly pending: Pending[] = [];
  private readonly dead = new Set<string>();
  private now = 1_000_000;

  constructor(private readonly dice: Dice) {}

  nowMs(): number {
    return this.now;
  }

  pass(ms: number): void {
    this.now += ms;
  }

  step(client: string): Promise<void> {
    return this.wait(client, this.now);
  }

  sleep(client: string, ms: number): Promise<void> {
    return this.wait(client, this.now + ms);
  }

  /** Nothing of this client ever happens again. */
  kill(client: string): void {
    this.dead.add(client);
    for (let at = this.pending.length - 1; at >= 0; at -= 1) {
      if (this.pending[at]?.client === client) this.pending.splice(at, 1);
    }
  }

  /** Lets one step happen; when none is due, time passes until one is. */
  async runOne(): Promise<void> {
    if (this.pending.length === 0) return;
    const due = this.pending.filter(({ dueMs }) => dueMs <= this.now);
    if (due.length === 0) {
      this.now = Math.min(...this.pending.map(({ dueMs }) => dueMs));
      return;
    }
    const chosen = this.dice.pick(due);
    if (!chosen) return;
    this.pending.splice(this.pending.indexOf(chosen), 1);
    chosen.resolve();
    await settled();
  }

  private wait(client: string, dueMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (!this.dead.has(client)) this.pending.push({ client, dueMs, resolve });
    });
  }
}

/** Everything that follows from the step without another one has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
