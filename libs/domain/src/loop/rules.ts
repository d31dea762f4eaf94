import {
  checkHome,
  checkKey,
  type DeadLetterReason,
  FACTS,
  type FactName,
  type IgnoreReason,
  type LinkDecision,
  type LinkDecisionName,
  type PeerOutcome,
  type RegionDecision,
  type ReservationDecision,
  regionKey,
  regionOfTopic,
  type SessionDecision,
  type SessionDecisionName,
  TOPIC,
} from '#libs/contracts';
import * as agent from '../agent/index.ts';
import { type Fact, type FactInput, type Input, reject } from '../decider.ts';
import * as judgement from '../judgement/index.ts';
import * as link from '../link/index.ts';
import { SESSION_RULES } from '../policy.ts';
import * as regions from '../region/index.ts';
import * as reservation from '../reservation/index.ts';
import * as session from '../session/index.ts';
import {
  type Aggregate,
  type AnyCommand,
  isAgentDecision,
  isRegionDecision,
  isReservationDecision,
  isSessionKey,
} from './aggregate.ts';
import type { FleetView } from './fleet-view.ts';
import { type AgentMemory, isSilent } from './memory.ts';

/**
 * Whom an input concerns, which decider it goes to, and what of the fleet that decider sees: the same when the control
 * loop runs and when a slice of the log is gone through again.
 */

export interface LoopRules {
  readonly region: string;
  readonly fleet: FleetView;
  readonly partitions: number;
  /** A peer answers within so many milliseconds. */
  readonly peerDeadlineMs: number;
  /** A server is held ready for a peer for so many milliseconds. */
  readonly reservationMs: number;
  /** Why the controller of that region can't be asked for a server now; absent, or undefined: it can. */
  readonly unaskable?: (region: string) => PeerOutcome | undefined;
  partitionOf(key: string, partitions: number): number;
}

/** A record of `connection-status` as it was read and decoded. */
export interface FactRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly id: string;
  readonly source: string;
  readonly name: string;
  readonly timeMs: number;
  readonly data: unknown;
}

/** The aggregates of one partition. */
export interface PartitionAggregates {
  readonly partition: number;
  entries(): Iterable<[string, Aggregate]>;
}

/** A decision as it stands, or is to stand, in the log. */
export interface LoggedDecision {
  readonly name: string;
  readonly data: object;
}

export type LoopOutcome =
  | { readonly kind: 'append'; readonly name: string; readonly data: object & { readonly version: number } }
  | { readonly kind: 'ignore'; readonly reason: IgnoreReason }
  | { readonly kind: 'reject'; readonly reason: DeadLetterReason; readonly detail: string };

/** What becomes of a record before anybody decides on it. */
export type FactVerdict =
  | { readonly kind: 'input'; readonly input: FactInput }
  /** It stands in the wrong partition. */
  | { readonly kind: 'forward' }
  | { readonly kind: 'reject'; readonly reason: DeadLetterReason; readonly detail: string }
  | { readonly kind: 'skip'; readonly reason: IgnoreReason };

export function toInput(event: FactRecord, nowMs: number, rules: LoopRules): FactVerdict {
  const definition = FACTS[event.name as FactName];
  if (definition === undefined || definition.topic !== TOPIC.connectionStatus) {
    return reject('wrong-topic', `${event.name} does not belong here`);
  }
  const data = event.data as object;
  const problem = checkKey(definition, data, event.key) ?? checkHome(event.name, data, event.topic);
  if (problem) return reject(problem.reason, problem.detail);
  const topicRegion = regionOfTopic(event.topic);
  if (definition.key === 'connection_id') {
    // A fact on its way to its partition is nobody's yet: its topic's own region sends it there, whosever it is.
    if (rules.partitionOf(event.key, rules.partitions) !== event.partition) {
      return topicRegion === rules.region
        ? { kind: 'forward' }
        : { kind: 'skip', reason: 'other-home-region' };
    }
    const home = (data as { home_region?: string }).home_region ?? topicRegion;
    // Of another home's connections only this may concern something here: what is held ready for one is used.
    if (home !== rules.region && event.name !== 'new-connection-established') {
      return { kind: 'skip', reason: 'other-home-region' };
    }
  }
  if (definition.key === 'control_region') {
    const { control_region } = data as { control_region: string };
    if (control_region !== topicRegion)
      return reject('wrong-home-region', `${control_region} has its own topic`);
    if (control_region !== rules.region) return { kind: 'skip', reason: 'other-home-region' };
  }
  const { name, id, source, timeMs, topic, partition, offset } = event;
  const input: FactInput = {
    kind: 'fact',
    fact: { name, data: event.data, id, source, timeMs } as Fact,
    origin: { topic, partition, offset },
    region: topicRegion,
    ownRegion: rules.region,
    nowMs,
    fleet: rules.fleet,
  };
  return { kind: 'input', input };
}

/** The aggregates that an input concerns. */
export function* keysOf(input: Input, view: PartitionAggregates, rules: LoopRules): Iterable<string> {
  if (input.kind !== 'fact') return;
  const { data } = input.fact;
  if ('connection_id' in data) {
    yield data.connection_id;
    return;
  }
  if (judgement.isSettingFact(input.fact)) {
    const key = regionKey(rules.region);
    if (rules.partitionOf(key, rules.partitions) === view.partition) yield key;
    for (const [id, aggregate] of view.entries()) {
      if (aggregate.kind === 'link' && aggregate.state.suppressed !== undefined) yield id;
    }
    return;
  }
  if (!('agent_id' in data)) return;
  for (const [key, aggregate] of view.entries()) if (concernsAgent(aggregate, data.agent_id)) yield key;
  const ownAgent = (data.control_region ?? input.region) === rules.region;
  if (ownAgent && rules.partitionOf(data.agent_id, rules.partitions) === view.partition) {
    // The key would be a session's.
    if (!isSessionKey(data.agent_id)) yield data.agent_id;
  }
}

function concernsAgent(aggregate: Aggregate, agentId: string): boolean {
  if (aggregate.kind === 'link') return link.concernsAgent(aggregate.state, agentId);
  return aggregate.kind === 'session' && session.concernsAgent(aggregate.state, agentId);
}

/** The decider sees the partition's own memory of silent lives, so that a replay sees the same. */
export function withMemory(input: Input, memory: AgentMemory, rules: LoopRules): Input {
  const { fleet, peerDeadlineMs, reservationMs, unaskable } = rules;
  fleet.noteDraining(memory.draining);
  const silent = (agentId: string, incarnation: string) => isSilent(memory, agentId, incarnation);
  const { settings = judgement.EMPTY_SETTINGS } = memory;
  const blast = fleet.blast.bind(fleet);
  const { agents, peers } = fleet;
  const asked = { peers, unaskable, peerDeadlineMs, reservationMs };
  return { ...input, fleet: { agents, silent, ...asked, settings, blast } };
}

/** @param input as withMemory gave it */
export function decide(key: string, aggregate: Aggregate | undefined, input: Input): LoopOutcome {
  if (aggregate?.kind === 'session' || isSessionKey(key)) {
    return session.decide(key, aggregate?.kind === 'session' ? aggregate.state : undefined, input);
  }
  if (aggregate?.kind === 'reservation') return reservation.decide(key, aggregate.state, input);
  if (input.kind === 'fact' && input.fact.name === 'server-requested') {
    return reserve(key, aggregate, input);
  }
  if (aggregate?.kind === 'agent' || (input.kind === 'fact' && isAgentKey(key, input.fact))) {
    return agent.decide(key, aggregate?.kind === 'agent' ? aggregate.state : undefined, input);
  }
  if (aggregate?.kind === 'region' || (input.kind === 'fact' && isRegionFact(key, input.fact))) {
    return regions.decide(aggregate?.kind === 'region' ? aggregate.state : undefined, input);
  }
  return link.decide(key, aggregate?.state, input);
}

/** No agent's and no region's key can be a connection's of another home, and no connection of this one. */
function reserve(key: string, aggregate: Aggregate | undefined, input: FactInput): LoopOutcome {
  if (aggregate === undefined && key.includes(':')) return reservation.decide(key, undefined, input);
  return reject('wrong-home-region', `${key} is no connection of another home`);
}

function isRegionFact(key: string, fact: Fact): boolean {
  return judgement.isSettingFact(fact) && key === regionKey(fact.data.control_region);
}

function isAgentKey(key: string, fact: Fact): boolean {
  return 'agent_id' in fact.data && !('connection_id' in fact.data) && fact.data.agent_id === key;
}

export function evolve(aggregate: Aggregate | undefined, { name, data }: LoggedDecision): Aggregate {
  if (isAgentDecision(name)) {
    const state = aggregate?.kind === 'agent' ? aggregate.state : undefined;
    return { kind: 'agent', state: agent.evolve(state, { name, data: data as agent.AgentDecided['data'] }) };
  }
  if (isRegionDecision(name)) {
    const state = aggregate?.kind === 'region' ? aggregate.state : undefined;
    return { kind: 'region', state: regions.evolve(state, { name, data: data as RegionDecision }) };
  }
  if (isReservationDecision(name)) {
    const state = aggregate?.kind === 'reservation' ? aggregate.state : undefined;
    return {
      kind: 'reservation',
      state: reservation.evolve(state, { name, data: data as ReservationDecision }),
    };
  }
  if ((data as SessionDecision).kind === 'session') {
    const state = aggregate?.kind === 'session' ? aggregate.state : undefined;
    const decided = { name: name as SessionDecisionName, data: data as SessionDecision };
    return { kind: 'session', state: session.evolve(state, decided) };
  }
  const state = aggregate?.kind === 'link' ? aggregate.state : undefined;
  return {
    kind: 'link',
    state: link.evolve(state, { name: name as LinkDecisionName, data: data as LinkDecision }),
  };
}

/** When the aggregate wants a time input, in milliseconds since 1970; undefined: never. */
export function nextDueMs(aggregate: Aggregate): number | undefined {
  if (aggregate.kind === 'link') return link.nextDueMs(aggregate.state);
  if (aggregate.kind === 'agent') return agent.nextDueMs(aggregate.state);
  return aggregate.kind === 'session' ? session.nextDueMs(aggregate.state) : undefined;
}

/** What a new owner sends again, under the same ids. */
export function unanswered(aggregate: Aggregate, nowMs: number): readonly AnyCommand[] {
  if (aggregate.kind === 'link') return link.unansweredCommands(aggregate.state, nowMs);
  if (aggregate.kind === 'agent') return agent.unansweredCommands(aggregate.state, nowMs);
  return aggregate.kind === 'session' ? session.unansweredCommands(aggregate.state, nowMs) : [];
}

/** Links and agents are kept: their versions and epochs go on when they come back. */
export function isForgotten(aggregate: Aggregate, nowMs: number): boolean {
  return aggregate.kind === 'session' && session.isForgotten(aggregate.state, nowMs, SESSION_RULES.forgetMs);
}
