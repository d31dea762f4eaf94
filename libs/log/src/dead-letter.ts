import { type DeadLetterReason, deadLetterTopic, HEADER } from '#libs/contracts';
import type { EncodedRecord, LogRecord } from './port.ts';

/** Values are kept up to here, in bytes; a compressed batch may hold a record that no topic takes. */
export const DEAD_LETTER_VALUE_BYTES = 1024 * 1024;
/** Says how many bytes the value had, when it was cut. */
export const TRUNCATED_HEADER = 'dl_truncated';

/** A record as its topic's dead letter: key, value and headers as they were, and why and where from. */
export function deadLetter(record: LogRecord, reason: DeadLetterReason): EncodedRecord {
  const { raw } = record;
  const cut = raw.value !== null && raw.value.length > DEAD_LETTER_VALUE_BYTES;
  return {
    topic: deadLetterTopic(record.topic),
    partition: record.partition,
    key: raw.key,
    value: cut ? (raw.value?.subarray(0, DEAD_LETTER_VALUE_BYTES) ?? null) : raw.value,
    headers: {
      ...raw.headers,
      [HEADER.deadLetterReason]: reason,
      [HEADER.deadLetterTopic]: record.topic,
      [HEADER.deadLetterPartition]: `${record.partition}`,
      [HEADER.deadLetterOffset]: `${record.offset}`,
      ...(cut && { [TRUNCATED_HEADER]: `${raw.value?.length}` }),
    },
  };
}

/** Where a forwarded record came from; one that says so is not forwarded again. */
export const FORWARDED_HEADER = 'forwarded_from';

/** The same record, its `ce_id` included, for the partition its key belongs to. */
export function forwarded(record: LogRecord, partition: number): EncodedRecord {
  const { raw } = record;
  return {
    topic: record.topic,
    partition,
    key: raw.key,
    value: raw.value,
    headers: { ...raw.headers, [FORWARDED_HEADER]: `${record.topic}/${record.partition}/${record.offset}` },
  };
}

export function wasForwarded(record: LogRecord): boolean {
  return record.raw.headers[FORWARDED_HEADER] !== undefined;
}
