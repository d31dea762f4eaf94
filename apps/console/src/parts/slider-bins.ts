import type { Health } from '../model.ts';
import { worseHealth } from './health.ts';

/** A moment worth stopping at. */
export interface Tick {
  readonly atMs: number;
  /** What happened then, in a few words. */
  readonly label: string;
  readonly health?: Health;
}

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Bin {
  readonly index: number;
  readonly count: number;
  readonly health: Health;
}

/** How many ticks fall into each of so many equal parts, and the worst of them; empty parts are left out. */
export function binsOf(ticks: readonly Tick[], { fromMs, toMs }: Range, parts: number): Bin[] {
  const bins = new Map<number, Bin>();
  const span = Math.max(1, toMs - fromMs);
  for (const { atMs, health = 'idle' } of ticks) {
    if (atMs < fromMs || atMs > toMs) continue;
    const index = Math.min(parts - 1, Math.floor(((atMs - fromMs) / span) * parts));
    const bin = bins.get(index);
    bins.set(index, {
      index,
      count: (bin?.count ?? 0) + 1,
      health: bin ? worseHealth(bin.health, health) : health,
    });
  }
  return [...bins.values()].sort((a, b) => a.index - b.index);
}

/** The next tick before or behind a moment. */
export function tickBeside(ticks: readonly Tick[], atMs: number, way: 'before' | 'behind'): Tick | undefined {
  let found: Tick | undefined;
  for (const tick of ticks) {
    const fits = way === 'before' ? tick.atMs < atMs : tick.atMs > atMs;
    const nearer = found === undefined || Math.abs(tick.atMs - atMs) < Math.abs(found.atMs - atMs);
    if (fits && nearer) found = tick;
  }
  return found;
}
