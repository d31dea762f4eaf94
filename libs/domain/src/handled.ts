import type { Evidence } from '#libs/contracts';
import type { FactInput, Input, Origin } from './decider.ts';
import { iso } from './ids.ts';

/**
 * An input handled once is known again by its place in the log: an aggregate keeps the highest handled
 * offset of each input partition, taken from the first evidence of each of its decisions.
 */
type Handled = Readonly<Record<string, number>>;

const keyOf = (origin: Pick<Origin, 'topic' | 'partition'>): string => `${origin.topic}/${origin.partition}`;

export function alreadyHandled(handled: Handled | undefined, origin: Origin): boolean {
  const highest = handled?.[keyOf(origin)];
  return highest !== undefined && origin.offset <= highest;
}

export function withHandled(handled: Handled | undefined, evidence: Evidence | undefined): Handled {
  const { topic, partition, offset } = evidence ?? {};
  if (topic === undefined || partition === undefined || offset === undefined) return handled ?? {};
  return { ...handled, [keyOf({ topic, partition })]: offset };
}

/** The input as the first evidence of the decision it leads to. */
export function evidenceOf(input: Input, dueMs: number | undefined, values?: Evidence['values']): Evidence {
  if (input.kind === 'fact') return { ...evidenceOfFact(input), ...(values ? { values } : {}) };
  const due = dueMs !== undefined && input.nowMs >= dueMs;
  return {
    type: due ? 'timeout' : 'fleet-changed',
    time: iso(due ? dueMs : input.nowMs),
    ...(values ? { values } : {}),
  };
}

function evidenceOfFact({ fact, origin }: FactInput): Evidence {
  const { topic, partition, offset } = origin;
  return { type: fact.name, topic, partition, offset, event_id: fact.id, time: iso(fact.timeMs) };
}
