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

/**
 * One life of an agent gives a repeated command its first answer: two different ones mean that it ran twice.
 * A later life refuses what its earlier one was told.
 */
export async function answersThatDiffer(plain: PlainKafka, stack: Stack): Promise<string[]> {
  const first = new Map<string, string>();
  const differing: string[] = [];
  const answers = await factsIn(plain, stack, 'command-succeeded', 'command-failed', 'command-refused');
  for (const { name, data } of answers) {
    const answer = `${name} ${data.reason ?? ''}`;
    const toWhom = `${data.command_id} ${data.incarnation}`;
    const known = first.get(toWhom) ?? answer;
    first.set(toWhom, known);
    if (known !== answer) differing.push(`${data.command_id}: ${known}, then ${answer}`);
  }
  return differing;
}

/** Epochs that an agent took up more than once. */
export async function epochsEstablishedTwice(plain: PlainKafka, stack: Stack): Promise<string[]> {
  const facts = await factsIn(plain, stack, 'new-connection-established');
  const once = new Map(
    facts.map(({ id, data }) => [id, `${data.connection_id} ${data.epoch} ${data.server_id}`]),
  );
  const said = [...once.values()];
  return said.filter((each, index) => said.indexOf(each) !== index);
}

async function factsIn(plain: PlainKafka, stack: Stack, ...names: string[]) {
  const topics = [stack.regions.bank, stack.regions.scheme].map((region) => `${region}.connection-status`);
  const records = (await Promise.all(topics.map((topic) => plain.readAll(topic)))).flat();
  return records
    .map(({ headers, value }) => ({ name: shortName(headers?.ce_type), id: String(headers?.ce_id), value }))
    .filter(({ name }) => names.includes(name))
    .map(({ name, id, value }) => ({ name, id, data: JSON.parse(String(value)) }));
}

/** `trunkline.connection-lost.v1` as `connection-lost`. */
export function shortName(type: unknown): string {
  return String(type)
    .replace(/^trunkline\./, '')
    .replace(/\.v1$/, '');
}
