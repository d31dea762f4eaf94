import { TOPIC, topicName } from '#libs/contracts';
import { type FollowedDecision, followLog, type Log, type ReceivedEvent } from '#libs/log';
import { commandId, type LedgerDecision, parseLedger } from './ledger.ts';

/** Everything of one topic, as it stands now. */
export async function readAll(log: Log, topic: string): Promise<ReceivedEvent[]> {
  const found: ReceivedEvent[] = [];
  const tail = await log.tail({
    topics: [topic],
    from: 'earliest',
    onBatch: async (batch) => {
      for (const record of batch.records) if (record.readable) found.push(record);
    },
  });
  await tail.caughtUp();
  await tail.stop();
  return found;
}

export async function readDecisions(log: Log, region: string): Promise<FollowedDecision[]> {
  const found: FollowedDecision[] = [];
  let failure: unknown;
  const follower = await followLog(log, {
    topic: topicName(region, TOPIC.controllerEvents),
    onDecisions: async ({ decisions }) => {
      found.push(...decisions);
    },
    onStopped: (error) => {
      failure = error;
    },
  });
  await follower.caughtUp();
  await follower.stop();
  if (failure) throw failure;
  return found;
}

export interface Audit {
  /** Sum per key, as the log has it. */
  readonly sums: ReadonlyMap<string, number>;
  readonly decisions: readonly FollowedDecision[];
  readonly commandIds: ReadonlySet<string>;
}

/**
 * Holds what must be true of any log, whatever went wrong while it was written: versions without gaps,
 * each fact handled at most once, each sum the sum of its facts, commands of decisions that count only.
 */
export async function audit(log: Log, region: string): Promise<Audit> {
  const decisions = await readDecisions(log, region);
  const facts = await readAll(log, topicName(region, TOPIC.connectionStatus));
  const amountAt = new Map(
    facts
      .map((fact) => [fact, parseLedger(fact.name, fact.data, fact.topic)] as const)
      .filter(([, parsed]) => parsed.ok)
      .map(([fact]) => [`${fact.partition}/${fact.offset}`, (fact.data as { amount: number }).amount]),
  );
  const sums = new Map<string, number>();
  const versions = new Map<string, number>();
  const handled = new Set<string>();
  for (const { key, version, data } of decisions) {
    const { sum, evidence } = data as LedgerDecision;
    expect(version).toBe((versions.get(key) ?? 0) + 1);
    versions.set(key, version);
    if (evidence) {
      const at = `${evidence.partition}/${evidence.offset}`;
      expect([`${key}@${at}`, handled.has(`${key}@${at}`)]).toEqual([`${key}@${at}`, false]);
      handled.add(`${key}@${at}`);
      sums.set(key, (sums.get(key) ?? 0) + (amountAt.get(at) ?? Number.NaN));
    }
    expect(sum).toBe(sums.get(key));
  }
  const commands = await readAll(log, topicName(region, TOPIC.failoverCommands));
  const commandIds = new Set(commands.map(({ id }) => id));
  const counted = new Set(decisions.map(commandId));
  for (const id of commandIds) expect([id, counted.has(id)]).toEqual([id, true]);
  return { sums, decisions, commandIds };
}
