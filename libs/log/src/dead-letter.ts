import { type DeadLetterReason, deadLetterTopic, HEADER } from '#libs/contracts';
import { sizeOf } from './codec/encode.ts';
import { RecordsRefused } from './errors.ts';
import type { EncodedRecord, Log, LogRecord } from './port.ts';

/**
 * Bytes of a record that its dead letter keeps, at most: a compressed batch may hold one that no topic takes. Together
 * they stay under what a dead-letter topic takes (`DEAD_LETTER_BYTES`).
 */
export const DEAD_LETTER_KEEPS = { value: 1024 * 1024, key: 8 * 1024, headers: 64 * 1024 } as const;
/** How many bytes the value had, the key had, and how many headers were left out, where something was cut. */
export const TRUNCATED_HEADER = 'dl_truncated';
export const TRUNCATED_KEY_HEADER = 'dl_truncated_key';
export const DROPPED_HEADERS_HEADER = 'dl_dropped_headers';

/** A record as its topic's dead letter: key, value and headers as they were, and why and where from. */
export function deadLetter(record: LogRecord, reason: DeadLetterReason): EncodedRecord {
  const { key, value, headers } = record.raw;
  const kept = within(headers, DEAD_LETTER_KEEPS.headers);
  const dropped = Object.keys(headers).length - Object.keys(kept).length;
  return {
    topic: deadLetterTopic(record.topic),
    partition: record.partition,
    key: cut(key, DEAD_LETTER_KEEPS.key),
    value: cut(value, DEAD_LETTER_KEEPS.value),
    headers: {
      ...kept,
      ...originOf(record, reason),
      ...(exceeds(value, DEAD_LETTER_KEEPS.value) && { [TRUNCATED_HEADER]: `${value?.length}` }),
      ...(exceeds(key, DEAD_LETTER_KEEPS.key) && { [TRUNCATED_KEY_HEADER]: `${key?.length}` }),
      ...(dropped > 0 && { [DROPPED_HEADERS_HEADER]: `${dropped}` }),
    },
  };
}

/** Where a forwarded record came from; one that says so is not forwarded again. */
export const FORWARDED_HEADER = 'forwarded_from';

/** Bytes of a record that is forwarded, at most: with the header it gets it must still fit its topic. */
export const FORWARDED_BYTES = 512 * 1024;

/**
 * The same record, its `ce_id` included, for the partition its key belongs to.
 * @returns undefined when it is too large: it is a dead letter then, `oversized`.
 */
export function forwarded(record: LogRecord, partition: number): EncodedRecord | undefined {
  const { raw } = record;
  const sent = {
    topic: record.topic,
    partition,
    key: raw.key,
    value: raw.value,
    headers: { ...raw.headers, [FORWARDED_HEADER]: `${record.topic}/${record.partition}/${record.offset}` },
  };
  return sizeOf(sent) > FORWARDED_BYTES ? undefined : sent;
}

export function wasForwarded(record: LogRecord): boolean {
  return record.raw.headers[FORWARDED_HEADER] !== undefined;
}

/** A record that is not handled where it stands, and what is written of it instead. */
export interface Aside {
  readonly record: LogRecord;
  readonly written: EncodedRecord;
}

/**
 * Writes dead letters and forwards. What Kafka refuses for what it is would block its partition for ever; of that
 * only the reason and the origin are written.
 * @throws LogUnavailable
 */
export async function putAside(log: Log, asides: readonly Aside[]): Promise<void> {
  if (asides.length === 0) return;
  try {
    await log.publishRaw(asides.map(({ written }) => written));
  } catch (error) {
    if (!(error instanceof RecordsRefused)) throw error;
    for (const aside of asides) await putAsideAlone(log, aside);
  }
}

async function putAsideAlone(log: Log, { record, written }: Aside): Promise<void> {
  try {
    await log.publishRaw([written]);
  } catch (error) {
    if (!(error instanceof RecordsRefused)) throw error;
    const reason = (written.headers[HEADER.deadLetterReason] as DeadLetterReason | undefined) ?? 'oversized';
    await log.publishRaw([
      {
        topic: deadLetterTopic(record.topic),
        partition: record.partition,
        key: null,
        value: null,
        headers: originOf(record, reason),
      },
    ]);
  }
}

function originOf(record: LogRecord, reason: DeadLetterReason): Record<string, string> {
  return {
    [HEADER.deadLetterReason]: reason,
    [HEADER.deadLetterTopic]: record.topic,
    [HEADER.deadLetterPartition]: `${record.partition}`,
    [HEADER.deadLetterOffset]: `${record.offset}`,
  };
}

function exceeds(bytes: Buffer | null, limit: number): boolean {
  return bytes !== null && bytes.length > limit;
}

function cut(bytes: Buffer | null, limit: number): Buffer | null {
  return bytes === null ? null : bytes.subarray(0, limit);
}

/** The headers that fit, the small ones first: what CloudEvents says of a record is small. */
function within(headers: Readonly<Record<string, Buffer>>, limit: number): Readonly<Record<string, Buffer>> {
  const sizes = Object.entries(headers).map(([name, value]) => ({
    name,
    value,
    size: Buffer.byteLength(name) + value.length,
  }));
  const sum = sizes.reduce((total, { size }) => total + size, 0);
  if (sum <= limit) return headers;
  const kept: Record<string, Buffer> = {};
  let left: number = limit;
  for (const { name, value, size } of sizes.sort((a, b) => a.size - b.size)) {
    left -= size;
    if (left < 0) break;
    kept[name] = value;
  }
  return kept;
}
