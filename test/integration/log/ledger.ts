import { TOPIC, topicName } from '#libs/contracts';
import type { Decision, LoopDefinition, MessageParser, OutgoingEvent } from '#libs/log';

/**
 * The smallest control loop that shows what the log promises: facts add amounts to a key's sum, each
 * decision says which fact it comes from, and has one command.
 */
export interface LedgerState {
  readonly version: number;
  readonly sum: number;
  /** Highest handled offset per input topic. */
  readonly handled: Readonly<Record<string, number>>;
  readonly dueMs?: number;
  readonly closed?: boolean;
  readonly open?: boolean;
  /** Decisions folded; more or fewer than the version says means that one was folded twice, or not. */
  readonly steps: number;
}

export interface LedgerEvidence {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface LedgerDecision {
  readonly version: number;
  readonly sum: number;
  readonly due_ms?: number;
  readonly closed?: boolean;
  readonly open?: boolean;
  /** Absent: a time input's. */
  readonly evidence?: LedgerEvidence;
}

interface FactInput {
  readonly kind: 'fact';
  readonly key: string;
  readonly amount: number;
  readonly dueMs: number | undefined;
  readonly close: boolean;
  readonly open: boolean;
  readonly needsOpen: boolean;
  readonly everyKey: boolean;
  readonly at: LedgerEvidence;
}

type LedgerInput = FactInput | { readonly kind: 'time'; readonly nowMs: number };

/** How many facts were seen in this partition: what a checkpoint keeps beside the states. */
export interface LedgerMemory {
  readonly facts: number;
}

export interface LedgerData {
  readonly amount: number;
  readonly due_ms?: number;
  readonly close?: boolean;
  readonly every_key?: boolean;
  /** Opens its key, for good. */
  readonly open?: boolean;
  /** Ignored while its key is not open. */
  readonly needs_open?: boolean;
}

export type LedgerDefinition = LoopDefinition<LedgerState, LedgerInput, LedgerMemory>;

export const parseLedger: MessageParser = (_name, data) => {
  const { amount } = data as { amount?: unknown };
  if (Number.isInteger(amount)) return { ok: true, data };
  return { ok: false, reason: 'invalid-data', detail: 'amount must be an integer' };
};

export function ledgerFact(
  region: string,
  key: string,
  data: LedgerData,
  more: Partial<OutgoingEvent> = {},
): OutgoingEvent {
  return {
    topic: topicName(region, TOPIC.connectionStatus),
    key,
    id: `${key}-${data.amount}-${Math.random()}`,
    type: 'connection-lost',
    source: 'test',
    data,
    ...more,
  };
}

export function commandId(decision: { readonly key: string; readonly version: number }): string {
  return `${decision.key}/${decision.version}/connect`;
}

function commandFor(region: string, source: string, key: string, version: number): OutgoingEvent {
  return {
    topic: topicName(region, TOPIC.failoverCommands),
    key,
    id: commandId({ key, version }),
    type: 'connect',
    source,
    data: { version },
  };
}

export interface LedgerOptions {
  readonly groupId?: string;
  /** Partitions of the region's topics, to tell misplaced facts. */
  readonly partitions?: number;
  /** Regions whose facts it takes; default its own. */
  readonly regions?: readonly string[];
  readonly partitionOf?: (key: string, partitions: number) => number;
  readonly forgetClosed?: boolean;
  /** `ce_source` of what it writes, to tell processes apart. */
  readonly source?: string;
}

export function ledger(region: string, options: LedgerOptions = {}): LedgerDefinition {
  const { regions = [region], partitions, partitionOf } = options;
  const source = options.source ?? `/trunkline/${region}/control-loop`;
  return {
    region,
    groupId: options.groupId ?? `${region}-loop`,
    source,
    inputTopics: regions.map((one) => topicName(one, TOPIC.connectionStatus)),
    logTopic: topicName(region, TOPIC.controllerEvents),
    stateTopic: topicName(region, TOPIC.connectionState),
    parse: parseLedger,
    toInput: (event) => {
      const data = event.data as LedgerData;
      const misplaced =
        partitions !== undefined && partitionOf && partitionOf(event.key, partitions) !== event.partition;
      if (misplaced && data.every_key !== true) return { kind: 'forward' };
      const { topic, partition, offset } = event;
      return {
        kind: 'input',
        input: {
          kind: 'fact',
          key: event.key,
          amount: data.amount,
          dueMs: data.due_ms,
          close: data.close === true,
          open: data.open === true,
          needsOpen: data.needs_open === true,
          everyKey: data.every_key === true,
          at: { topic, partition, offset },
        },
      };
    },
    keysOf: (input, view) => {
      if (input.kind === 'time') return [];
      return input.everyKey ? [...view.entries()].map(([key]) => key) : [input.key];
    },
    decide: decideLedger,
    evolve: evolveLedger,
    versionOf: (state) => state.version,
    commandsOf: (decision: Decision) => [commandFor(region, source, decision.key, decision.data.version)],
    unanswered: (key, state) => [commandFor(region, source, key, state.version)],
    dueAtMs: (state) => state.dueMs,
    timeInput: (nowMs) => ({ kind: 'time', nowMs }),
    initialMemory: { facts: 0 },
    remember: (memory) => ({ facts: memory.facts + 1 }),
    ...(options.forgetClosed && { forget: (state: LedgerState) => state.closed === true }),
  };
}

const decideLedger: LedgerDefinition['decide'] = (_key, state, input) => {
  const version = (state?.version ?? 0) + 1;
  const sum = state?.sum ?? 0;
  if (input.kind === 'time') {
    if (state?.dueMs === undefined || state.dueMs > input.nowMs) return { kind: 'ignore', reason: 'not-due' };
    return { kind: 'append', name: 'failover-failed', data: { version, sum } as LedgerDecision };
  }
  const { topic, offset } = input.at;
  if ((state?.handled[topic] ?? -1) >= offset) return { kind: 'ignore', reason: 'already-handled' };
  if (input.needsOpen && !state?.open) return { kind: 'ignore', reason: 'not-concerned' };
  const data: LedgerDecision = {
    version,
    sum: sum + input.amount,
    evidence: input.at,
    ...(input.dueMs !== undefined && { due_ms: input.dueMs }),
    ...(input.close && { closed: true }),
    ...(input.open && { open: true }),
  };
  return { kind: 'append', name: 'failover-decided', data };
};

const evolveLedger: LedgerDefinition['evolve'] = (state, decision) => {
  const data = decision.data as LedgerDecision;
  const at = data.evidence;
  return {
    version: data.version,
    sum: data.sum,
    steps: (state?.steps ?? 0) + 1,
    handled: at ? { ...state?.handled, [at.topic]: at.offset } : (state?.handled ?? {}),
    ...(data.due_ms !== undefined && { dueMs: data.due_ms }),
    ...(data.closed && { closed: true }),
    ...((state?.open || data.open) && { open: true }),
  };
};
