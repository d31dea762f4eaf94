import { regionOfTopic } from '#libs/contracts';
import type { LogRecord } from '#libs/log';
import { causeOf, type Logged, type SliceOfLog } from './slice.ts';

/** One input of one partition, with what the log has of it. */
export type Step =
  | {
      readonly kind: 'fact';
      readonly atMs: number;
      readonly partition: number;
      readonly record: LogRecord;
      /** The log's decisions on it, by key. */
      readonly logged: ReadonlyMap<string, Logged>;
    }
  | { readonly kind: 'time'; readonly atMs: number; readonly partition: number; readonly logged: Logged }
  /** A decision whose input the slice does not hold: it is taken as it stands. */
  | { readonly kind: 'given'; readonly atMs: number; readonly partition: number; readonly logged: Logged };

/**
 * All inputs of one region's loop, in the order in which it judged them, as far as the log tells: decisions stand in the
 * order of the log, each at the moment at which it was made; facts that led to none stand in the order of their partition, at
 * the time of their record. Partitions are merged by time.
 */
export function timelineOf(slice: SliceOfLog, logTopic: string): Step[] {
  const truth = slice.truth.get(logTopic) ?? new Map<number, Logged[]>();
  const sequences: Step[][] = [...slice.partitions]
    .sort((one, other) => one - other)
    .map((partition) =>
      partitionSteps(slice, truth.get(partition) ?? [], partition, regionOfTopic(logTopic)),
    );
  // The sort is stable: each partition keeps its order.
  return sequences.flatMap(monotonous).sort((one, other) => one.atMs - other.atMs);
}

/** A partition's order is the log's, whatever its clocks said. */
function monotonous(steps: readonly Step[]): Step[] {
  let latest = Number.NEGATIVE_INFINITY;
  return steps.map((step) => {
    latest = Math.max(latest, step.atMs);
    return step.atMs === latest ? step : { ...step, atMs: latest };
  });
}

function partitionSteps(
  slice: SliceOfLog,
  decisions: readonly Logged[],
  partition: number,
  region: string,
): Step[] {
  const topics = slice.facts.get(partition) ?? new Map<string, LogRecord[]>();
  const caused = withCauses(decisions, topics, partition, region);
  const positions = new Map<LogRecord, number>();
  for (const [index, step] of caused.entries()) {
    if (step.kind === 'fact' && !positions.has(step.record)) positions.set(step.record, index);
  }
  // Each fact without a decision goes before the first step that it may go before.
  const before = new Map<number, Step[]>();
  for (const records of topics.values()) {
    let from = 0;
    const waiting: LogRecord[] = [];
    const settle = (until: number) => {
      for (const record of waiting.splice(0)) {
        while (from < until && (caused[from]?.atMs ?? 0) < record.raw.timestampMs) from += 1;
        const steps = before.get(from) ?? [];
        before.set(from, steps);
        steps.push({ kind: 'fact', atMs: record.raw.timestampMs, partition, record, logged: new Map() });
      }
    };
    for (const record of records) {
      const at = positions.get(record);
      if (at === undefined) {
        waiting.push(record);
        continue;
      }
      settle(at);
      from = Math.max(from, at + 1);
    }
    settle(caused.length);
  }
  const steps: Step[] = [];
  for (let index = 0; index <= caused.length; index += 1) {
    steps.push(...(before.get(index) ?? []).sort((one, other) => one.atMs - other.atMs));
    const step = caused[index];
    if (step) steps.push(step);
  }
  return steps;
}

/** The decisions of one partition, each with the input that it was made on; one fact may have led to several. */
function withCauses(
  decisions: readonly Logged[],
  topics: ReadonlyMap<string, readonly LogRecord[]>,
  partition: number,
  region: string,
): Step[] {
  const byPlace = new Map<string, LogRecord>();
  const byId = new Map<string, LogRecord>();
  for (const records of topics.values()) {
    for (const record of records) {
      byPlace.set(`${record.topic}/${record.partition}@${record.offset}`, record);
      if (record.readable && !byId.has(record.id)) byId.set(record.id, record);
    }
  }
  const steps: Step[] = [];
  for (const logged of decisions) {
    const atMs = logged.record.timeMs;
    const [evidence] = logged.data.evidence;
    if (evidence?.offset === undefined) {
      steps.push({ kind: 'time', atMs, partition, logged });
      continue;
    }
    const found = byPlace.get(`${evidence.topic}/${evidence.partition}@${evidence.offset}`);
    // In a mirror of its region a fact has another offset, and the same id.
    const id = evidence.event_id ?? causeOf(logged);
    const record =
      found?.readable && (id === undefined || found.id === id)
        ? found
        : regionOfTopic(evidence.topic ?? '') === region
          ? undefined
          : byId.get(id ?? '');
    if (record === undefined) {
      steps.push({ kind: 'given', atMs, partition, logged });
      continue;
    }
    const last = steps.at(-1);
    if (last?.kind === 'fact' && last.record === record && !last.logged.has(logged.record.key)) {
      (last.logged as Map<string, Logged>).set(logged.record.key, logged);
    } else {
      steps.push({ kind: 'fact', atMs, partition, record, logged: new Map([[logged.record.key, logged]]) });
    }
  }
  return steps;
}
