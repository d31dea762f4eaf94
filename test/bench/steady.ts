import { type Figures, rounded } from './figures.ts';

/**
 * The part of a run that counts: without the first fifth, in which code still gets compiled, and the last tenth, in
 * which some partitions are done.
 */
const STEADY = { from: 0.2, to: 0.9 };

export interface Sample {
  /** How much is done. */
  readonly done: number;
  /** Processor time used so far by the process, in seconds. */
  readonly cpuS: number;
}

/** Watches a run from samples of its progress. */
export class SteadyRate {
  private first: (Sample & { atMs: number }) | undefined;
  private last: (Sample & { atMs: number }) | undefined;

  constructor(private readonly total: number) {}

  /** Milliseconds that the part which counts took. */
  get tookMs(): number {
    return (this.last?.atMs ?? Number.NaN) - (this.first?.atMs ?? Number.NaN);
  }

  /** Whether the part that counts is over. */
  get isOver(): boolean {
    return this.last !== undefined;
  }

  /** @returns whether everything is done. */
  add({ done, cpuS }: Sample): boolean {
    const sample = { done, cpuS, atMs: performance.now() };
    if (done >= this.total * STEADY.from) this.first ??= sample;
    if (done >= this.total * STEADY.to) this.last ??= sample;
    return done >= this.total;
  }

  /** A second of the clock, and a second of the process's processor time, which a busy machine leaves as it is. */
  figures(): Figures {
    const { first, last } = this;
    if (first === undefined || last === undefined) throw new Error('the run was not watched to its end');
    if (first.atMs === last.atMs)
      throw new Error(`${this.total} are over within one look: give more --facts`);
    const done = last.done - first.done;
    return {
      rate: rounded((done * 1000) / (last.atMs - first.atMs)),
      'per CPU s': rounded(done / (last.cpuS - first.cpuS)),
    };
  }
}

/** Processor seconds of this process. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The best of each figure over the rounds. */
export function best(rounds: readonly Figures[]): Figures {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, Math.max(...rounds.map((round) => round[name] ?? 0))]),
  );
}
