import type { PlainKafka } from '../../support/plain-kafka.ts';
import type { Stack } from '../../support/stack.ts';

/** What stands in the log of a stack's regions, as any outsider would read it. */

/** A decision as it stands in the bank's log. */
export interface Logged {
  readonly name: string;
  readonly key: string;
  readonly atMs: number;
  /** Who wrote it: the claim that it stands under. */
  readonly writer: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into decisions of every type
  readonly data: any;
}

/** Every fact in a region's topic, in no order between partitions. */
export async function factsOf(plain: PlainKafka, region: string): Promise<Pick<Logged, 'name' | 'data'>[]> {
  const records = await plain.readAll(`${region}.connection-status`);
  return records.map(({ headers, value }) => ({
    name: shortName(headers?.ce_type),
    data: JSON.parse(String(value)),
  }));
}

/** Every decision and claim of the bank's region, in the order of their times. */
export async function decisionsIn(plain: PlainKafka, stack: Stack): Promise<Logged[]> {
  const records = await plain.readAll(`${stack.regions.bank}.controller-events`);
  return records
    .map(({ key, value, headers, timestamp }) => ({
      name: shortName(headers?.ce_type),
      key: String(key),
      atMs: Number(timestamp),
      writer: String(headers?.writer_id),
      data: JSON.parse(String(value)),
    }))
    .sort((one, other) => one.atMs - other.atMs);
}

/** `trunkline.connection-lost.v1` as `connection-lost`. */
export function shortName(type: unknown): string {
  return String(type)
    .replace(/^trunkline\./, '')
    .replace(/\.v1$/, '');
}
