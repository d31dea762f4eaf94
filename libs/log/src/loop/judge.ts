import { type DeadLetterReason, HEADER, regionOfTopic } from '#libs/contracts';
import { type Aside, deadLetter, forwarded, putAside, wasForwarded } from '../dead-letter.ts';
import type { Batch, LogRecord, ReceivedEvent } from '../port.ts';
import { type LogSpan, startProcess, startSend, type TraceContext, traceOfRecord } from '../tracing.ts';
import type { Decision, InputVerdict, Outcome } from './definition.ts';
import { LOOP_LIMITS } from './limits.ts';
import type { Progress } from './records.ts';
import type { DecisionWriter, WriterHost } from './writer.ts';

const NONE: readonly DeadLetterReason[] = [];

type Verdict<I> = InputVerdict<I> | { readonly kind: 'done' };

/**
 * Turns inputs into decisions on what the aggregates will be, in order. Poison goes to the dead letters
 * and misplaced facts to their partition before anything behind them counts as judged.
 */
export class Judge<S, I, M> {
  private readonly offsets: number[];
  private memory: M;

  constructor(
    private readonly host: WriterHost<S, I, M>,
    private readonly writer: DecisionWriter<S, I, M>,
    /** Dead letters and forwards below these were sent in this process's life. */
    private readonly effectsSent: number[],
    progress: Progress<M>,
  ) {
    this.offsets = [...progress.offsets];
    this.memory = progress.memory;
  }

  progress(): Progress<M> {
    return { offsets: [...this.offsets], memory: this.memory };
  }

  get currentMemory(): M {
    return this.memory;
  }

  offsetOf(topicIndex: number): number {
    return this.offsets[topicIndex] ?? 0;
  }

  /** Records that are no longer kept can't be waited for. */
  skipTo(topicIndex: number, low: number): void {
    if (this.offsetOf(topicIndex) < low) this.offsets[topicIndex] = low;
  }

  /** Judges a batch; gives up, in silence, when the owner claims again meanwhile. */
  async onBatch(batch: Batch): Promise<void> {
    const { context } = this.host;
    const generation = this.host.generation();
    const topicIndex = context.definition.inputTopics.indexOf(batch.topic);
    if (batch.fetchedOffset > this.offsetOf(topicIndex)) this.skipTo(topicIndex, batch.fetchedOffset);
    const records = batch.records.filter((record) => record.offset >= this.offsetOf(topicIndex));
    for (let from = 0; from < records.length; from += LOOP_LIMITS.chunkRecords) {
      await context.turns.take();
      if (this.host.generation() !== generation) return;
      const chunk = records.slice(from, from + LOOP_LIMITS.chunkRecords);
      const verdicts = await this.settle(chunk, topicIndex);
      for (const [index, record] of chunk.entries()) {
        if (this.host.generation() !== generation) return;
        const verdict = verdicts[index];
        const refused =
          verdict?.kind === 'input' ? this.judgeInput(record as ReceivedEvent, verdict.input) : [];
        for (const reason of refused) await this.refuse(record as ReceivedEvent, reason);
        if (this.host.generation() !== generation) return;
        this.offsets[topicIndex] = record.offset + 1;
        if (!this.writer.full) continue;
        this.writer.kick();
        await this.writer.room();
      }
      this.writer.kick();
    }
    if (this.host.generation() === generation) this.offsets[topicIndex] = batch.nextOffset;
  }

  /** Gives a time input to one aggregate; one that fails takes no other's deadline away. */
  judgeTime(key: string, nowMs: number): void {
    const { definition, observer } = this.host.context;
    const { aggregates } = this.host;
    try {
      const outcome = definition.decide(key, aggregates.state(key), definition.timeInput(nowMs), aggregates);
      if (outcome.kind === 'append') this.enqueue(key, outcome, undefined, this.memory);
      else observer.ignored?.(outcome.kind === 'ignore' ? outcome.reason : 'no-change');
    } catch (error) {
      observer.failed?.('decide', error, `on the time for ${key}`);
    }
  }

  /** What becomes of each record, once every dead letter and forward among them was taken by Kafka. */
  private async settle(records: readonly LogRecord[], topicIndex: number): Promise<Verdict<I>[]> {
    const asides: Aside[] = [];
    const verdicts = records.map((record) => {
      const verdict = this.verdictOf(record);
      if (verdict.kind === 'input' || verdict.kind === 'skip') return verdict;
      const aside = this.asideOf(record, verdict);
      if (aside && record.offset >= (this.effectsSent[topicIndex] ?? 0)) asides.push(aside);
      return { kind: 'done' as const };
    });
    await putAside(this.host.context.log, asides);
    const last = records.at(-1);
    if (last) this.effectsSent[topicIndex] = Math.max(this.effectsSent[topicIndex] ?? 0, last.offset + 1);
    return verdicts;
  }

  private verdictOf(record: LogRecord): Verdict<I> {
    if (!record.readable) return { kind: 'reject', reason: record.reason, detail: record.detail };
    const { definition, observer, clock } = this.host.context;
    try {
      const verdict = definition.toInput(record, clock.nowMs());
      if (verdict.kind === 'skip') observer.ignored?.(verdict.reason);
      return verdict;
    } catch (error) {
      observer.failed?.('read-input', error, record.name);
      return { kind: 'reject', reason: 'invalid-data', detail: 'the input could not be made' };
    }
  }

  /** Only the loop of the topic's own region dead-letters and forwards; others count and skip. */
  private asideOf(
    record: LogRecord,
    verdict: Exclude<InputVerdict<I>, { kind: 'input' | 'skip' }> | { kind: 'done' },
  ): Aside | undefined {
    const { definition, observer, partitions, log } = this.host.context;
    if (verdict.kind === 'done') return undefined;
    const own = regionOfTopic(record.topic) === definition.region;
    let reason: DeadLetterReason = verdict.kind === 'forward' ? 'wrong-partition' : verdict.reason;
    if (verdict.kind === 'forward' && !wasForwarded(record)) {
      if (!own) return undefined;
      const written = forwarded(record, log.partitionOf(record.key ?? '', partitions));
      if (written) {
        observer.forwarded?.(record.topic);
        return { record, written };
      }
      reason = 'oversized';
    }
    if (!own) {
      observer.skipped?.(record.topic, reason);
      return undefined;
    }
    observer.deadLettered?.(record.topic, reason);
    return { record, written: deadLetter(record, reason) };
  }

  /** @returns why the input is to be dead-lettered; nearly always nothing. */
  private judgeInput(record: ReceivedEvent, input: I): readonly DeadLetterReason[] {
    const { context, aggregates } = this.host;
    const { definition, observer } = context;
    const memoryBefore = this.memory;
    const { tracer } = context.log;
    const span = tracer && startProcess(tracer, record, definition.groupId);
    let refused = NONE;
    try {
      this.memory = definition.remember(memoryBefore, input);
      for (const key of definition.keysOf(input, aggregates)) {
        const outcome = definition.decide(key, aggregates.state(key), input, aggregates);
        if (outcome.kind === 'append') this.enqueue(key, outcome, record, memoryBefore, span);
        else if (outcome.kind === 'ignore') observer.ignored?.(outcome.reason);
        else refused = [outcome.reason];
        span?.add(judged(outcome));
      }
    } catch (error) {
      // Not to decide on one fact is bad; never to decide again in this partition would be worse.
      observer.failed?.('decide', error, `on ${record.name}`);
      refused = ['invalid-data'];
    }
    span?.end(refused[0]);
    return refused;
  }

  private async refuse(record: ReceivedEvent, reason: DeadLetterReason): Promise<void> {
    const aside = this.asideOf(record, { kind: 'reject', reason, detail: '' });
    if (aside) await putAside(this.host.context.log, [aside]);
  }

  private enqueue(
    key: string,
    outcome: { readonly name: string; readonly data: Decision['data']; readonly headers?: object },
    cause: ReceivedEvent | undefined,
    memoryBefore: M,
    judging?: LogSpan,
  ): void {
    const decision: Decision = {
      key,
      id: `${key}/${outcome.data.version}`,
      name: outcome.name,
      data: outcome.data,
      timeMs: this.host.context.clock.nowMs(),
    };
    const parent = judging?.context ?? (cause && traceOfRecord(cause.raw));
    const span = this.spanOf(decision, parent);
    const trace = span?.context ?? parent;
    const next = this.host.aggregates.speculate(decision, trace);
    this.writer.enqueue({
      decision,
      next,
      headers: Object.assign(causeHeaders(cause), trace, outcome.headers),
      before: { offsets: [...this.offsets], memory: memoryBefore },
      ...(span && { span }),
    });
  }

  /** From here to the acknowledgement of the decision. */
  private spanOf({ key, id, name }: Decision, parent: TraceContext | undefined): LogSpan | undefined {
    const { log, definition } = this.host.context;
    return log.tracer && startSend(log.tracer, { topic: definition.logTopic, key, id, type: name }, parent);
  }
}

/** The input is the cause; the whole story keeps the first one's id, or the one it came with. */
function causeHeaders(cause: ReceivedEvent | undefined): Record<string, string> {
  if (!cause) return {};
  return {
    [HEADER.causationId]: cause.id,
    [HEADER.correlationId]: cause.raw.headers[HEADER.correlationId]?.toString('utf8') ?? cause.id,
  };
}

/** What became of an input, for its span. */
function judged(outcome: Outcome): Record<string, string> {
  if (outcome.kind === 'append') return { 'trunkline.decision': outcome.name };
  return { [`trunkline.${outcome.kind === 'ignore' ? 'ignored' : 'rejected'}`]: outcome.reason };
}
