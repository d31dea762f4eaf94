import { parseMessage, TOPIC, topicName } from '#libs/contracts';
import { type Input, loop } from '#libs/domain';
import type { LoopDefinition, Outcome, OutgoingEvent, TraceContext } from '#libs/log';

export interface DefinitionOptions extends loop.LoopRules {
  /** Every control region, the own one included. */
  readonly regions: readonly string[];
  nowMs(): number;
  /** Told of each change of what a key stands for; `next` undefined: its partition is another's. */
  changed(
    key: string,
    previous: loop.Aggregate | undefined,
    next: loop.Aggregate | undefined,
    trace: TraceContext | undefined,
  ): void;
}

/** The control loop of links, sessions and agents: libs/domain's deciders, between the log's records. */
export function controlLoopDefinition(
  options: DefinitionOptions,
): LoopDefinition<loop.Aggregate, Input, loop.AgentMemory> {
  const { region, fleet } = options;
  const source = `/trunkline/${region}/control-loop`;
  const toEvents = (commands: readonly loop.AnyCommand[]) =>
    commands.map((command) => commandEvent(command, region, source));
  return {
    region,
    groupId: `${region}.control-loop`,
    source,
    inputTopics: options.regions.map((each) => topicName(each, TOPIC.connectionStatus)),
    logTopic: topicName(region, TOPIC.controllerEvents),
    stateTopic: topicName(region, TOPIC.connectionState),
    parse: parseMessage,
    toInput: (event, nowMs) => loop.toInput(event, nowMs, options),
    keysOf: (input, view) => loop.keysOf(input, view, options),
    decide: (key, state, input, view): Outcome =>
      loop.decide(key, state, loop.withMemory(input, view.memory, options)),
    evolve: loop.evolve,
    versionOf: (aggregate) => aggregate.state.version,
    commandsOf: ({ data }) => toEvents((data as unknown as { commands: loop.AnyCommand[] }).commands),
    unanswered: (_key, aggregate) => toEvents(loop.unanswered(aggregate, options.nowMs())),
    dueAtMs: loop.nextDueMs,
    timeInput: (nowMs) => ({ kind: 'time', nowMs, fleet }),
    initialMemory: loop.NO_MEMORY,
    remember: loop.remember,
    forget: loop.isForgotten,
    onChange: (_partition, key, previous, next, trace) => {
      fleet.changed(key, previous, next, options.nowMs());
      options.changed(key, previous, next, trace);
    },
  };
}

function commandEvent(command: loop.AnyCommand, region: string, source: string): OutgoingEvent {
  const { name, ...data } = command;
  return {
    topic: topicName(region, loop.isToBroker(command) ? TOPIC.relayCommands : TOPIC.failoverCommands),
    key: command.agent_id,
    id: command.command_id,
    type: name,
    source,
    data,
  };
}
