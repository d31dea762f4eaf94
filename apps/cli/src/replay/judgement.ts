import { type Difference, differences } from './compare.ts';
import type { Logged } from './slice.ts';

/** One line of the trace: one input, one key, what is decided now and what stands in the log. */
export interface Judgement {
  readonly region: string;
  readonly partition: number;
  /** When it was judged, in milliseconds since 1970. */
  readonly atMs: number;
  readonly key: string;
  /** The fact's name, or `time`. */
  readonly input: string;
  /** `topic/partition@offset` of the fact. */
  readonly place?: string;
  readonly made: Made;
  readonly logged?: { readonly name: string; readonly data: object; readonly place: string };
  readonly differences: readonly Difference[];
  /** `given`: the slice does not hold all that it was decided on, so nothing is said of it. */
  readonly verdict: 'same' | 'different' | 'given';
}

export type Made =
  | { readonly kind: 'append'; readonly name: string; readonly data: object }
  | { readonly kind: 'ignore' | 'reject'; readonly reason: string }
  /** Nobody was asked. */
  | { readonly kind: 'nothing' };

export function loggedOf({ record }: Logged): NonNullable<Judgement['logged']> {
  const { name, data, topic, partition, offset } = record;
  return { name, data: data as object, place: `${topic}/${partition}@${offset}` };
}

/** Of two decisions that differ in members, neither is as far from the other as one that was not taken at all. */
const ANOTHER_DECISION = 1_000;

/** How far what is decided now is from what stands in the log; 0: not at all. */
export function apartFrom(made: Made, logged: Logged | undefined): number {
  const found = differencesOf(made, logged);
  return found.length + (found.some(({ path }) => path === 'decision') ? ANOTHER_DECISION : 0);
}

export function differencesOf(made: Made, logged: Logged | undefined): Difference[] {
  if (made.kind !== 'append') {
    if (logged === undefined) return [];
    const why = made.kind === 'nothing' ? 'no decision' : `no decision (${made.kind}: ${made.reason})`;
    return [{ path: 'decision', made: why, logged: logged.record.name }];
  }
  if (logged === undefined) return [{ path: 'decision', made: made.name, logged: 'no decision' }];
  const { name, data } = logged.record;
  const other = made.name === name ? [] : [{ path: 'decision', made: made.name, logged: name }];
  return [...other, ...differences(made.data, data)];
}
