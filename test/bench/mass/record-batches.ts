import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of a record batch as Kafka stores it: base offset (8 bytes), then its length, which counts from behind itself. */
const LENGTH_AT = 8;
const LENGTH_END = 12;
/** The time of the first record, in milliseconds since 1970, and how many records it holds. */
const FIRST_TIME_AT = 27;
const RECORDS_AT = 57;
const HEADER_END = 61;

export interface Batches {
  readonly batches: number;
  readonly records: number;
}

/**
 * How many record batches of a topic were written from a time on, and with how many records: a batch is what one
 * produce request held for one partition. Read from the segments of a Kafka of our own.
 */
export function batchesSince(kafkaLogs: string, topic: string, sinceMs: number): Batches {
  let [batches, records] = [0, 0];
  for (const folder of readdirSync(kafkaLogs)) {
    if (folder.replace(/-\d+$/, '') !== topic) continue;
    for (const file of readdirSync(join(kafkaLogs, folder)).filter((name) => name.endsWith('.log'))) {
      const bytes = readFileSync(join(kafkaLogs, folder, file));
      for (let at = 0; at + HEADER_END <= bytes.length; ) {
        const length = bytes.readInt32BE(at + LENGTH_AT);
        // Segments are made longer than what they hold.
        if (length <= 0) break;
        if (Number(bytes.readBigInt64BE(at + FIRST_TIME_AT)) >= sinceMs) {
          batches += 1;
          records += bytes.readInt32BE(at + RECORDS_AT);
        }
        at += LENGTH_END + length;
      }
    }
  }
  return { batches, records };
}
