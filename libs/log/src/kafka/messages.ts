import type { Batch, KafkaMessage } from 'kafkajs';
import type { RawRecord } from '../port.ts';

/** kafkajs's message as bytes; of a header that stands more than once the last one counts. */
export function rawOf(message: KafkaMessage): RawRecord {
  let headers = message.headers as Record<string, Buffer> | undefined;
  for (const name in headers) {
    const value: unknown = headers[name];
    if (Buffer.isBuffer(value)) continue;
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    headers = { ...headers, [name]: Buffer.isBuffer(last) ? last : Buffer.from(String(last ?? '')) };
  }
  return {
    key: message.key,
    value: message.value,
    headers: headers ?? {},
    timestampMs: Number(message.timestamp),
  };
}

/** Where kafkajs began this fetch; its batches hold it, its types do not say so. */
export function fetchedOffsetOf(batch: Batch): number {
  return Number((batch as Batch & { readonly fetchedOffset: string }).fetchedOffset);
}
