import { claimKey, HEADER, STATE_RECORDS, WRITER_CLAIMED } from '#libs/contracts';
import { encodeEvent } from '../codec/encode.ts';
import type { LogPosition } from '../follow/types.ts';
import type { EncodedRecord, ReceivedEvent } from '../port.ts';
import type { Decision, DecisionData } from './definition.ts';

/** Who writes, in which partition of the log and of its snapshots. */
export interface Writer {
  readonly source: string;
  readonly partition: number;
  readonly epoch: number;
  readonly id: string;
}

/** How far inputs were judged, and what was remembered of them. Offsets stand in the order of the input topics. */
export interface Progress<M> {
  readonly offsets: readonly number[];
  readonly memory: M;
}

/**
 * All decisions below `offset` are in acknowledged snapshots; `inputs` names the offset of each input
 * topic below which every input is judged and its decisions acknowledged.
 */
export interface Checkpoint<M> extends LogPosition {
  readonly inputs: Readonly<Record<string, number>>;
  readonly memory: M;
}

function writerHeaders(writer: Writer): Record<string, string> {
  return { [HEADER.writerEpoch]: `${writer.epoch}`, [HEADER.writerId]: writer.id };
}

export function claimRecord(topic: string, writer: Writer, nowMs: number): EncodedRecord {
  const event = {
    topic,
    key: claimKey(writer.epoch),
    id: writer.id,
    type: WRITER_CLAIMED,
    source: writer.source,
    data: { writer_epoch: writer.epoch, writer_id: writer.id },
    headers: writerHeaders(writer),
  };
  return encodeEvent(event, writer.partition, nowMs);
}

export function decisionRecord(
  topic: string,
  writer: Writer,
  decision: Decision,
  headers: Record<string, string>,
): EncodedRecord {
  headers[HEADER.writerEpoch] = `${writer.epoch}`;
  headers[HEADER.writerId] = writer.id;
  const event = {
    topic,
    key: decision.key,
    id: decision.id,
    type: decision.name,
    source: writer.source,
    data: decision.data,
    headers,
  };
  return encodeEvent(event, writer.partition, decision.timeMs);
}

export function decisionOf(record: ReceivedEvent): Decision {
  return {
    key: record.key,
    id: record.id,
    name: record.name,
    data: record.data as DecisionData,
    timeMs: record.timeMs,
  };
}

export function snapshotRecord(
  topic: string,
  writer: Writer,
  snapshot: { readonly key: string; readonly version: number; readonly state: unknown },
  nowMs: number,
): EncodedRecord {
  const event = {
    topic,
    key: snapshot.key,
    id: `${snapshot.key}/${snapshot.version}/${writer.epoch}`,
    type: STATE_RECORDS.snapshot,
    source: writer.source,
    data: { state: snapshot.state },
    headers: writerHeaders(writer),
  };
  return encodeEvent(event, writer.partition, nowMs);
}

export function tombstoneRecord(topic: string, writer: Writer, key: string): EncodedRecord {
  return { topic, partition: writer.partition, key, value: null, headers: writerHeaders(writer) };
}

/** No id of ours holds a slash, so this key is nobody's snapshot. */
export function checkpointKey(partition: number): string {
  return `checkpoint/${partition}`;
}

export function checkpointRecord<M>(
  topic: string,
  writer: Writer,
  checkpoint: Checkpoint<M>,
  nowMs: number,
): EncodedRecord {
  const event = {
    topic,
    key: checkpointKey(writer.partition),
    id: `checkpoint/${writer.partition}/${writer.epoch}/${checkpoint.offset}`,
    type: STATE_RECORDS.checkpoint,
    source: writer.source,
    data: checkpoint,
    headers: writerHeaders(writer),
  };
  return encodeEvent(event, writer.partition, nowMs);
}
