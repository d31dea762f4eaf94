import {
  checkHome,
  checkKey,
  FACTS,
  type FactName,
  type LinkDecision,
  type LinkDecisionName,
  type PeerOutcome,
  parseMessage,
  type RegionDecision,
  type ReservationDecision,
  regionKey,
  regionOfTopic,
  type SessionDecision,
  type SessionDecisionName,
  TOPIC,
  topicName,
} from '#libs/contracts';
import {
  agent,
  type Fact,
  type FactInput,
  type Input,
  judgement,
  link,
  region as regions,
  reject,
  reservation,
  SESSION_RULES,
  session,
} from '#libs/domain';
import type {
  Decision,
  InputVerdict,
  LoopDefinition,
  Outcome,
  OutgoingEvent,
  PartitionView,
  ReceivedEvent,
} from '#libs/log';
import {
  type Aggregate,
  type AnyCommand,
  isAgentDecision,
  isRegionDecision,
  isReservationDecision,
  isSessionKey,
  isToBroker,
} from './aggregate.ts';
import type { FleetView } from './fleet-view.ts';
import { type AgentMemory, isSilent, NO_MEMORY, remember } from './memory.ts';

type View = PartitionView<Aggregate, AgentMemory>;

export interface DefinitionOptions {
  readonly region: string;
  /** Every control region, the own one included. */
  readonly regions: readonly string[];
  readonly fleet: FleetView;
  readonly partitions: number;
  /** A peer answers within so many milliseconds. */
  readonly peerDeadlineMs: number;
  /** A server is held ready for a peer for so many milliseconds. */
  readonly reservationMs: number;
  /** Why the controller of that region can't be asked for a server now; absent, or undefined: it can. */
  readonly unaskable?: (region: string) => PeerOutcome | undefined;
  partitionOf(key: string, partitions: number): number;
  nowMs(): number;
  /** Told of each change of what a key stands for; `next` undefined: its partition is another's. */
  changed(key: string, next: Aggregate | undefined): void;
}

/** The control loop of links, sessions and agents: libs/domain's deciders, between the log's records. */
export function controlLoopDefinition(
  options: DefinitionOptions,
): LoopDefinition<Aggregate, Input, AgentMemory> {
  const { region, fleet } = options;
  const source = `/trunkline/${region}/control-loop`;
  const toEvents = (commands: readonly AnyCommand[]) =>
    commands.map((command) => commandEvent(command, region, source));
  return {
    region,
    groupId: `${region}.control-loop`,
    source,
    inputTopics: options.regions.map((each) => topicName(each, TOPIC.connectionStatus)),
    logTopic: topicName(region, TOPIC.controllerEvents),
    stateTopic: topicName(region, TOPIC.connectionState),
    parse: parseMessage,
    toInput: (event, nowMs) => toInput(event, nowMs, options),
    keysOf: (input, view) => keysOf(input, view, options),
    decide: (key, state, input, view) => decide(key, state, withMemory(input, view.memory, options)),
    evolve,
    versionOf: (aggregate) => aggregate.state.version,
    commandsOf: (decision) => toEvents((decision.data as unknown as LinkDecision | SessionDecision).commands),
    unanswered: (_key, aggregate) => toEvents(unansweredOf(aggregate, options.nowMs())),
    dueAtMs: dueMsOf,
    timeInput: (nowMs) => ({ kind: 'time', nowMs, fleet }),
    initialMemory: NO_MEMORY,
    remember,
    // Links and agents are kept: their versions and epochs go on when they come back.
    forget: (aggregate, nowMs) =>
      aggregate.kind === 'session' && session.isForgotten(aggregate.state, nowMs, SESSION_RULES.forgetMs),
    onChange: (_partition, key, previous, next) => {
      fleet.placementChanged(key, previous, next);
      if (previous?.kind === 'reservation' || next?.kind === 'reservation') {
        fleet.reservationChanged(key, next?.kind === 'reservation' ? next.state : undefined, options.nowMs());
      }
      options.changed(key, next);
    },
  };
}

function unansweredOf(aggregate: Aggregate, nowMs: number): readonly AnyCommand[] {
  if (aggregate.kind === 'link') return link.unansweredCommands(aggregate.state, nowMs);
  if (aggregate.kind === 'agent') return agent.unansweredCommands(aggregate.state, nowMs);
  return aggregate.kind === 'session' ? session.unansweredCommands(aggregate.state, nowMs) : [];
}

function dueMsOf(aggregate: Aggregate): number | undefined {
  if (aggregate.kind === 'link') return link.nextDueMs(aggregate.state);
  if (aggregate.kind === 'agent') return agent.nextDueMs(aggregate.state);
  return aggregate.kind === 'session' ? session.nextDueMs(aggregate.state) : undefined;
}

function toInput(event: ReceivedEvent, nowMs: number, options: DefinitionOptions): InputVerdict<Input> {
  const definition = FACTS[event.name as FactName];
  if (definition === undefined || definition.topic !== TOPIC.connectionStatus) {
    return { kind: 'reject', reason: 'wrong-topic', detail: `${event.name} does not belong here` };
  }
  const data = event.data as object;
  const problem = checkKey(definition, data, event.key) ?? checkHome(event.name, data, event.topic);
  if (problem) return { kind: 'reject', reason: problem.reason, detail: problem.detail };
  const topicRegion = regionOfTopic(event.topic);
  if (definition.key === 'connection_id') {
    // A fact on its way to its partition is nobody's yet: its topic's own region sends it there, whosever it is.
    if (options.partitionOf(event.key, options.partitions) !== event.partition) {
      return topicRegion === options.region
        ? { kind: 'forward' }
        : { kind: 'skip', reason: 'other-home-region' };
    }
    const home = (data as { home_region?: string }).home_region ?? topicRegion;
    // Of another home's connections only this may concern something here: what is held ready for one is used.
    if (home !== options.region && event.name !== 'new-connection-established') {
      return { kind: 'skip', reason: 'other-home-region' };
    }
  }
  if (definition.key === 'control_region') {
    const { control_region } = data as { control_region: string };
    if (control_region !== topicRegion) {
      return { kind: 'reject', reason: 'wrong-home-region', detail: `${control_region} has its own topic` };
    }
    if (control_region !== options.region) return { kind: 'skip', reason: 'other-home-region' };
  }
  const input: FactInput = {
    kind: 'fact',
    fact: {
      name: event.name,
      data: event.data,
      id: event.id,
      source: event.source,
      timeMs: event.timeMs,
    } as Fact,
    origin: { topic: event.topic, partition: event.partition, offset: event.offset },
    region: topicRegion,
    ownRegion: options.region,
    nowMs,
    fleet: options.fleet,
  };
  return { kind: 'input', input };
}

function* keysOf(input: Input, view: View, options: DefinitionOptions): Iterable<string> {
  if (input.kind !== 'fact') return;
  const { data } = input.fact;
  if ('connection_id' in data) {
    yield data.connection_id;
    return;
  }
  if (judgement.isSettingFact(input.fact)) {
    const key = regionKey(options.region);
    if (options.partitionOf(key, options.partitions) === view.partition) yield key;
    for (const [id, aggregate] of view.entries()) {
      if (aggregate.kind === 'link' && aggregate.state.suppressed !== undefined) yield id;
    }
    return;
  }
  if (!('agent_id' in data)) return;
  for (const [key, aggregate] of view.entries()) if (concernsAgent(aggregate, data.agent_id)) yield key;
  const ownAgent = (data.control_region ?? input.region) === options.region;
  if (ownAgent && options.partitionOf(data.agent_id, options.partitions) === view.partition) {
    // The key would be a session's.
    if (!isSessionKey(data.agent_id)) yield data.agent_id;
  }
}

function concernsAgent(aggregate: Aggregate, agentId: string): boolean {
  if (aggregate.kind === 'link') return link.concernsAgent(aggregate.state, agentId);
  return aggregate.kind === 'session' && session.concernsAgent(aggregate.state, agentId);
}

/** The decider sees the partition's own memory of silent lives, so that a replay sees the same. */
function withMemory(input: Input, memory: AgentMemory, options: DefinitionOptions): Input {
  const { fleet, peerDeadlineMs, reservationMs, unaskable } = options;
  fleet.noteDraining(memory.draining);
  const silent = (agentId: string, incarnation: string) => isSilent(memory, agentId, incarnation);
  const { settings = judgement.EMPTY_SETTINGS } = memory;
  const blast = fleet.blast.bind(fleet);
  const { agents, peers } = fleet;
  const asked = { peers, unaskable, peerDeadlineMs, reservationMs };
  return { ...input, fleet: { agents, silent, ...asked, settings, blast } };
}

function decide(key: string, aggregate: Aggregate | undefined, input: Input): Outcome {
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
function reserve(key: string, aggregate: Aggregate | undefined, input: FactInput): Outcome {
  if (aggregate === undefined && key.includes(':')) return reservation.decide(key, undefined, input);
  return reject('wrong-home-region', `${key} is no connection of another home`);
}

function isRegionFact(key: string, fact: Fact): boolean {
  return judgement.isSettingFact(fact) && key === regionKey(fact.data.control_region);
}

function isAgentKey(key: string, fact: Fact): boolean {
  return 'agent_id' in fact.data && !('connection_id' in fact.data) && fact.data.agent_id === key;
}

function evolve(aggregate: Aggregate | undefined, decision: Decision): Aggregate {
  if (isAgentDecision(decision.name)) {
    const state = aggregate?.kind === 'agent' ? aggregate.state : undefined;
    const data = decision.data as agent.AgentDecided['data'];
    return { kind: 'agent', state: agent.evolve(state, { name: decision.name, data }) };
  }
  if (isRegionDecision(decision.name)) {
    const state = aggregate?.kind === 'region' ? aggregate.state : undefined;
    const data = decision.data as unknown as RegionDecision;
    return { kind: 'region', state: regions.evolve(state, { name: decision.name, data }) };
  }
  if (isReservationDecision(decision.name)) {
    const state = aggregate?.kind === 'reservation' ? aggregate.state : undefined;
    const data = decision.data as unknown as ReservationDecision;
    return { kind: 'reservation', state: reservation.evolve(state, { name: decision.name, data }) };
  }
  const ofSession = decision.data as unknown as SessionDecision;
  if (ofSession.kind === 'session') {
    const state = aggregate?.kind === 'session' ? aggregate.state : undefined;
    const name = decision.name as SessionDecisionName;
    return { kind: 'session', state: session.evolve(state, { name, data: ofSession }) };
  }
  const state = aggregate?.kind === 'link' ? aggregate.state : undefined;
  const name = decision.name as LinkDecisionName;
  return { kind: 'link', state: link.evolve(state, { name, data: decision.data as LinkDecision }) };
}

function commandEvent(command: AnyCommand, region: string, source: string): OutgoingEvent {
  const { name, ...data } = command;
  return {
    topic: topicName(region, isToBroker(command) ? TOPIC.relayCommands : TOPIC.failoverCommands),
    key: command.agent_id,
    id: command.command_id,
    type: name,
    source,
    data,
  };
}
