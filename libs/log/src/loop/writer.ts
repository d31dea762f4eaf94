import { sizeOf } from '../codec/encode.ts';
import type { ReclaimCause } from '../observer.ts';
import type { EncodedRecord, OutgoingEvent } from '../port.ts';
import { type LogSpan, positionAttributes, traceHeaders, traceOf } from '../tracing.ts';
import type { Aggregates } from './aggregates.ts';
import type { LoopContext } from './context.ts';
import type { Decision } from './definition.ts';
import { LOOP_LIMITS } from './limits.ts';
import { decisionRecord, type Progress, type Writer } from './records.ts';

/** A decision on its way to the log. */
export interface QueuedDecision<S, M> {
  readonly decision: Decision;
  /** The state it leads to. */
  readonly next: S;
  /** Beside CloudEvents' own; the writer adds its own. */
  readonly headers: Record<string, string>;
  /** Progress before the input it comes from. */
  readonly before: Progress<M>;
  /** Ends with the acknowledgement. */
  readonly span?: LogSpan;
}

/** What a writer needs of the partition it writes for. */
export interface WriterHost<S, I, M> {
  readonly context: LoopContext<S, I, M>;
  readonly partition: number;
  readonly aggregates: Aggregates<S, I, M>;
  /** Changes whenever everything on its way is dropped. */
  generation(): number;
  judged(): Progress<M>;
  /** Inputs up to here need not be read again: what they led to was acknowledged where it was expected. */
  acknowledged(progress: Progress<M>): void;
  reclaim(cause: ReclaimCause, detail?: string): void;
}

/**
 * Appends decisions in the order they were taken, one request in flight; what is decided meanwhile leaves
 * together in the next. Commands leave after the acknowledgement at the expected offset, never before.
 */
export class DecisionWriter<S, I, M> {
  private queue: QueuedDecision<S, M>[] = [];
  private inFlight = 0;
  private readonly waiting = new Set<() => void>();

  /**
   * @param writer whose claim is valid
   * @param end where the next append is expected to stand
   */
  constructor(
    private readonly host: WriterHost<S, I, M>,
    readonly writer: Writer,
    private end: number,
  ) {}

  /** Every decision below is acknowledged. */
  get acknowledgedEnd(): number {
    return this.end;
  }

  /** No record of ours stands at or behind this. */
  get sentEnd(): number {
    return this.end + this.inFlight;
  }

  get idle(): boolean {
    return this.inFlight === 0 && this.queue.length === 0;
  }

  get full(): boolean {
    return this.queue.length + this.inFlight >= LOOP_LIMITS.queuedDecisions;
  }

  enqueue(queued: QueuedDecision<S, M>): void {
    this.queue.push(queued);
  }

  /** Sends what is queued, unless a request is in flight: then its answer does. */
  kick(): void {
    if (this.inFlight === 0 && this.queue.length > 0) void this.flush();
  }

  /** Resolves when there is room again, or everything was dropped. */
  room(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  /** Nothing more of this writer counts. */
  abandon(): void {
    for (const { span } of this.queue) span?.end('abandoned');
    this.queue = [];
    this.wake();
  }

  private async flush(): Promise<void> {
    const { host } = this;
    const { context } = host;
    const generation = host.generation();
    const { records, group } = this.take();
    const progress = this.queue[0]?.before ?? host.judged();
    const { logTopic } = context.definition;
    const sentAtMs = context.clock.nowMs();
    const expected = this.end;
    let base: number;
    try {
      base = await context.log.append(logTopic, host.partition, records);
    } catch (error) {
      endSpans(group, 'append-rejected');
      if (host.generation() === generation) host.reclaim('append-rejected', String(error));
      return;
    }
    if (host.generation() !== generation) return endSpans(group, 'abandoned');
    if (base !== expected) {
      endSpans(group, 'append-misplaced');
      host.reclaim('append-misplaced', `expected ${expected}, answered ${base}`);
      return;
    }
    this.end += group.length;
    this.inFlight = 0;
    let offset = base;
    for (const { decision, next, headers, span } of group) {
      host.aggregates.confirm(decision.key, next);
      context.observer.decided?.(logTopic, decision, headers);
      span?.add(positionAttributes(host, offset));
      span?.end();
      offset += 1;
    }
    host.acknowledged(progress);
    const tookMs = context.clock.nowMs() - sentAtMs;
    context.observer.appended?.(logTopic, host.partition, group.length, tookMs);
    if (tookMs > LOOP_LIMITS.lateAnswerMs) {
      host.reclaim('answer-late', `${tookMs} ms`);
      return;
    }
    this.kick();
    context.commands.send(
      group.flatMap(({ decision, headers }) => traced(context.definition.commandsOf(decision), headers)),
    );
    this.wake();
  }

  private take(): { records: EncodedRecord[]; group: QueuedDecision<S, M>[] } {
    const { logTopic } = this.host.context.definition;
    const records: EncodedRecord[] = [];
    let bytes = 0;
    for (const queued of this.queue) {
      if (records.length === this.host.context.appendRecords) break;
      const record = decisionRecord(logTopic, this.writer, queued.decision, queued.headers);
      bytes += sizeOf(record);
      if (records.length > 0 && bytes > LOOP_LIMITS.appendBytes) break;
      records.push(record);
    }
    const group = this.queue.slice(0, records.length);
    this.queue = this.queue.slice(records.length);
    this.inFlight = records.length;
    return { records, group };
  }

  private wake(): void {
    if (this.full) return;
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const resume of waiting) resume();
  }
}

function endSpans(group: readonly { readonly span?: LogSpan }[], failure: string): void {
  for (const { span } of group) span?.end(failure);
}

/** Commands are part of the trace that their decision is part of; those sent again after a claim are not. */
function traced(
  commands: readonly OutgoingEvent[],
  headers: Readonly<Record<string, string>>,
): readonly OutgoingEvent[] {
  const trace = traceOf(headers);
  if (trace === undefined) return commands;
  return commands.map((command) => ({ ...command, headers: { ...command.headers, ...traceHeaders(trace) } }));
}
