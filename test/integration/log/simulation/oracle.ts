import { HEADER, messageType, WRITER_CLAIMED } from '#libs/contracts';
import type { MemoryBroker } from '#libs/log';
import type { LedgerData, LedgerDecision } from '../ledger.ts';

interface Counted {
  readonly key: string;
  readonly data: LedgerDecision;
}

interface Plain {
  readonly key: string;
  readonly type: string;
  readonly id: string;
  readonly offset: number;
  readonly epoch: number;
  readonly writer: string;
  readonly data: unknown;
}

function recordsOf(broker: MemoryBroker, topic: string): Plain[] {
  const stored = broker.partition(topic, 0).read(0, Number.POSITIVE_INFINITY);
  return stored.map(({ key, value, headers, offset }) => ({
    key: key?.toString('utf8') ?? '',
    type: headers.ce_type?.toString('utf8') ?? '',
    id: headers.ce_id?.toString('utf8') ?? '',
    offset,
    epoch: Number(headers[HEADER.writerEpoch]?.toString('utf8') ?? 0),
    writer: headers[HEADER.writerId]?.toString('utf8') ?? '',
    data: value === null ? undefined : JSON.parse(value.toString('utf8')),
  }));
}

/** The decisions that count, by a reading of the rules that shares nothing with the code under test. */
function counted(broker: MemoryBroker, topic: string): Counted[] {
  let owner = { epoch: 0, writer: '' };
  const versions = new Map<string, number>();
  const found: Counted[] = [];
  for (const { key, type, epoch, writer, data } of recordsOf(broker, topic)) {
    if (type === messageType(WRITER_CLAIMED)) {
      if (epoch > owner.epoch) owner = { epoch, writer };
    } else if (epoch === owner.epoch && writer === owner.writer) {
      const decision = data as LedgerDecision;
      if (decision.version <= (versions.get(key) ?? 0)) continue;
      versions.set(key, decision.version);
      found.push({ key, data: decision });
    }
  }
  return found;
}

export interface Topics {
  readonly facts: readonly string[];
  readonly log: string;
  readonly commands: string;
}

export interface FoldedKey {
  readonly version: number;
  readonly sum: number;
  readonly open: boolean;
}

export interface Folded {
  /** Each key as the log has it. */
  readonly states: ReadonlyMap<string, FoldedKey>;
  /** Facts that no decision handled, although they had to be. */
  readonly unhandled: number;
  /** Keys whose last decision's command was never sent. */
  readonly uncommanded: readonly string[];
}

/**
 * What must be true at every moment. `afterOpen` names the facts that were published when the log already
 * said that their key is open: whoever ignores one of those judged it on a stale state.
 * @throws Broken, with the invariant that does not hold
 */
export function holds(broker: MemoryBroker, topics: Topics, afterOpen: ReadonlySet<string>): Folded {
  const facts = topics.facts.flatMap((topic) =>
    recordsOf(broker, topic).map(({ id, offset, data }) => ({
      id,
      at: `${topic}/${offset}`,
      data: data as LedgerData,
    })),
  );
  const amounts = new Map(facts.map(({ at, data }) => [at, data.amount]));
  const states = new Map<string, FoldedKey>();
  const handled = new Set<string>();
  const ids = new Set<string>();
  for (const { key, data } of counted(broker, topics.log)) {
    const before = states.get(key) ?? { version: 0, sum: 0, open: false };
    if (data.version !== before.version + 1) fail('versions have no gaps', key, data.version);
    const at = `${data.evidence?.topic}/${data.evidence?.offset}`;
    if (handled.has(at)) fail('a fact is handled once', key, at);
    handled.add(at);
    const sum = before.sum + (amounts.get(at) ?? Number.NaN);
    if (data.sum !== sum) fail('a decision stands on the one before', key, `${data.sum}, not ${sum}`);
    states.set(key, { version: data.version, sum, open: before.open || data.open === true });
    ids.add(`${key}/${data.version}/connect`);
  }
  const sent = new Set(recordsOf(broker, topics.commands).map(({ id }) => id));
  for (const id of sent) if (!ids.has(id)) fail('commands are of decisions that count', id, '');
  return {
    states,
    unhandled: facts.filter(({ at, id, data }) => !handled.has(at) && (!data.needs_open || afterOpen.has(id)))
      .length,
    uncommanded: [...states]
      .map(([key, { version }]) => `${key}/${version}/connect`)
      .filter((id) => !sent.has(id)),
  };
}

export class Broken extends Error {
  constructor(
    readonly invariant: string,
    detail: string,
  ) {
    super(`${invariant}: ${detail}`);
  }
}

function fail(invariant: string, what: string, found: string | number): never {
  throw new Broken(invariant, `${what} ${found}`);
}
