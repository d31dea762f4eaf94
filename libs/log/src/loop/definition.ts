import type { DeadLetterReason, IgnoreReason } from '#libs/contracts';
import type { MessageParser, OutgoingEvent, ReceivedEvent } from '../port.ts';
import type { TraceContext } from '../tracing.ts';

/** A decision as it stands, or will stand, in the log. `id` is `<key>/<version>`. */
export interface Decision {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly data: DecisionData;
  readonly timeMs: number;
}

/** What the log needs of a decision's data; the rest is the definition's. */
export interface DecisionData {
  /** 1 for an aggregate's first decision, then without gaps. */
  readonly version: number;
}

/** What becomes of a readable record. */
export type InputVerdict<I> =
  | { readonly kind: 'input'; readonly input: I }
  /** On the wrong partition: goes to its key's, once. */
  | { readonly kind: 'forward' }
  | { readonly kind: 'reject'; readonly reason: DeadLetterReason; readonly detail: string }
  | { readonly kind: 'skip'; readonly reason: IgnoreReason };

export type Outcome =
  | {
      readonly kind: 'append';
      readonly name: string;
      readonly data: DecisionData;
      /** Beside the loop's own: `ce_causationid`, `ce_correlationid` and the trace of the input are added. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'ignore'; readonly reason: IgnoreReason }
  | { readonly kind: 'reject'; readonly reason: DeadLetterReason; readonly detail: string };

/** The aggregates of one partition as they will be once what is on its way has been acknowledged. */
export interface PartitionView<S, M> {
  readonly partition: number;
  readonly memory: M;
  state(key: string): S | undefined;
  entries(): IterableIterator<[string, S]>;
}

/**
 * All a control loop is, beside the fencing: pure, synchronous functions over immutable values. S is an
 * aggregate's state, I an input, M a small JSON value per partition kept in its checkpoint.
 */
export interface LoopDefinition<S, I, M> {
  readonly region: string;
  readonly groupId: string;
  /** `ce_source` of the decisions. */
  readonly source: string;
  /** Every region's; only the loop of a topic's own region dead-letters and forwards. */
  readonly inputTopics: readonly string[];
  readonly logTopic: string;
  readonly stateTopic: string;
  /** Checks the data of input records. */
  readonly parse?: MessageParser;

  toInput(event: ReceivedEvent, nowMs: number): InputVerdict<I>;
  /** The aggregates an input concerns; usually one, for an agent's fact every one it carries. */
  keysOf(input: I, view: PartitionView<S, M>): Iterable<string>;
  decide(key: string, state: S | undefined, input: I, view: PartitionView<S, M>): Outcome;
  evolve(state: S | undefined, decision: Decision): S;
  versionOf(state: S): number;
  /** Sent once the decision was acknowledged at the expected offset. */
  commandsOf(decision: Decision): readonly OutgoingEvent[];
  /** Sent again, with the same ids, after a claim. */
  unanswered(key: string, state: S): readonly OutgoingEvent[];
  /** When the aggregate wants a time input, in wall-clock milliseconds; undefined: never. */
  dueAtMs(state: S): number | undefined;
  /** `nowMs`: every input partition was read up to a high watermark fetched at or after it. */
  timeInput(nowMs: number): I;

  readonly initialMemory: M;
  /** Called for each input before it is decided. */
  remember(memory: M, input: I): M;
  /** True: the snapshot may be removed once a checkpoint has passed the last decision. Absent: never. */
  forget?(state: S, nowMs: number): boolean;
  /**
   * Told of each change of what the view shows, reversals included (a dropped speculation, a partition
   * that left: `next` undefined). For counting what is pending over all partitions of the process.
   * @param trace of the decision on its way that makes the change; absent: it is none's.
   */
  onChange?(
    partition: number,
    key: string,
    previous: S | undefined,
    next: S | undefined,
    trace?: TraceContext,
  ): void;
}
