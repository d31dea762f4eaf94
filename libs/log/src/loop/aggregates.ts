import { TruthUnreadable } from '../errors.ts';
import type { TraceContext } from '../tracing.ts';
import type { Decision, LoopDefinition, PartitionView } from './definition.ts';
import { DueQueue } from './due-queue.ts';

/**
 * The aggregates of one partition: as the log has them, and over that what decisions on their way will
 * make of them. The view shows both; only the first is ever stored.
 */
export class Aggregates<S, I, M> implements PartitionView<S, M> {
  readonly due = new DueQueue();
  /** Keys whose snapshot is older than their state. */
  dirty = new Set<string>();
  private readonly confirmed = new Map<string, S>();
  private readonly speculative = new Map<string, S>();

  constructor(
    readonly partition: number,
    private readonly definition: LoopDefinition<S, I, M>,
    private readonly memoryNow: () => M,
  ) {}

  get memory(): M {
    return this.memoryNow();
  }

  get size(): number {
    return this.confirmed.size;
  }

  state(key: string): S | undefined {
    return this.speculative.get(key) ?? this.confirmed.get(key);
  }

  acknowledged(key: string): S | undefined {
    return this.confirmed.get(key);
  }

  acknowledgedEntries(): IterableIterator<[string, S]> {
    return this.confirmed.entries();
  }

  *entries(): IterableIterator<[string, S]> {
    for (const [key, state] of this.confirmed) yield [key, this.speculative.get(key) ?? state];
    for (const [key, state] of this.speculative) if (!this.confirmed.has(key)) yield [key, state];
  }

  /** A decision that is on its way. @returns the state it leads to. */
  speculate(decision: Decision, trace?: TraceContext): S {
    const previous = this.state(decision.key);
    const next = this.definition.evolve(previous, decision);
    this.speculative.set(decision.key, next);
    this.changed(decision.key, previous, next, trace);
    return next;
  }

  /** It was acknowledged at the expected offset. */
  confirm(key: string, next: S): void {
    this.confirmed.set(key, next);
    this.dirty.add(key);
    if (this.speculative.get(key) === next) this.speculative.delete(key);
  }

  dropSpeculation(): void {
    const dropped = [...this.speculative];
    this.speculative.clear();
    for (const [key, state] of dropped) this.changed(key, state, this.confirmed.get(key));
  }

  /** A decision read from the log. @returns false: its version stands already. */
  fold(decision: Decision, topic: string, offset: number): boolean {
    const previous = this.confirmed.get(decision.key);
    const version = previous === undefined ? 0 : this.definition.versionOf(previous);
    if (decision.data.version <= version) return false;
    if (decision.data.version !== version + 1) {
      const detail = `${decision.key} has version ${version}, and ${decision.data.version} comes next`;
      throw new TruthUnreadable(topic, this.partition, offset, 'fold-failed', detail);
    }
    const next = this.definition.evolve(previous, decision);
    this.confirmed.set(decision.key, next);
    this.dirty.add(decision.key);
    this.changed(decision.key, previous, next);
    return true;
  }

  /** A state out of a snapshot, or folded from the whole log. */
  put(key: string, state: S): void {
    const previous = this.confirmed.get(key);
    this.confirmed.set(key, state);
    this.changed(key, previous, state);
  }

  forget(key: string): void {
    const previous = this.confirmed.get(key);
    if (previous === undefined) return;
    this.confirmed.delete(key);
    this.dirty.delete(key);
    this.changed(key, previous, undefined);
  }

  /** The partition is another's: everything leaves the view. */
  clear(): void {
    this.dropSpeculation();
    const left = [...this.confirmed];
    this.confirmed.clear();
    this.dirty.clear();
    for (const [key, state] of left) this.changed(key, state, undefined);
    this.due.clear();
  }

  private changed(key: string, previous: S | undefined, next: S | undefined, trace?: TraceContext): void {
    this.due.set(key, next === undefined ? undefined : this.definition.dueAtMs(next));
    this.definition.onChange?.(this.partition, key, previous, next, trace);
  }
}
