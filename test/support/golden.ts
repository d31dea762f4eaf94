import { readdirSync, readFileSync } from 'node:fs';

/** A record as it stands in Kafka, from `libs/contracts/golden`; header values and value are UTF-8 text. */
export interface GoldenRecord {
  /** `facts/connection-lost` */
  readonly file: string;
  /** Short name of the message. */
  readonly name: string;
  readonly topic: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
  /** The value, parsed. */
  readonly data: object;
}

const FOLDER = new URL('../../libs/contracts/golden/', import.meta.url);

/** Every golden record; for tests only. Each call gives fresh data. */
export function goldenRecords(): GoldenRecord[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const record = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
      const path = file.slice(0, -'.json'.length);
      return {
        file: path,
        name: path.slice(path.indexOf('/') + 1),
        ...record,
        data: JSON.parse(record.value),
      };
    });
}

/** The valid data of a message, to be changed by a test. */
export function goldenData(name: string): Record<string, unknown> {
  const found = goldenRecords().find((record) => record.name === name);
  if (found === undefined) throw new Error(`there is no golden record of ${name}`);
  return found.data as Record<string, unknown>;
}
