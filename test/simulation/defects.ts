import { EMPTY_FLEET, type Input, link } from '#libs/domain';
import type { Decider } from './loop.ts';

type State = link.LinkState;
type Outcome = link.LinkOutcome;

/** The decider, with what it says changed. */
function saying(change: (outcome: Outcome, state: State | undefined, input: Input) => Outcome): Decider {
  return {
    ...link,
    decide: (id, state, input) => change(link.decide(id, state, input), state, input),
  };
}

/** The decider, with another input in the place of one that it should have taken as it is. */
function hearing(mistake: (state: State, input: Input) => Input | undefined): Decider {
  return {
    ...link,
    decide: (id, state, input) => link.decide(id, state, (state && mistake(state, input)) ?? input),
  };
}

/** What the client would say had it stopped. */
function clientStopped({ placement, connection_id }: State, input: Input): Input | undefined {
  if (placement === undefined) return undefined;
  const { epoch, client_id, client_incarnation } = placement;
  const data = {
    connection_id,
    epoch,
    agent_id: client_id,
    incarnation: client_incarnation,
    reason: 'peer-reset' as const,
    observed_by: 'client-sidecar',
  };
  return {
    kind: 'fact',
    fact: { name: 'connection-lost', data, id: 'x', source: 'defect', timeMs: input.nowMs },
    origin: input.kind === 'fact' ? input.origin : { topic: 'defect', partition: 0, offset: input.nowMs },
    region: 'east',
    ownRegion: 'east',
    nowMs: input.nowMs,
    fleet: input.fleet,
  };
}

const isDue = (state: State, input: Input): boolean =>
  input.kind === 'time' && state.dueMs !== undefined && input.nowMs >= state.dueMs;

/** Mistakes that a decider could make, each in a copy of it; the model world must find every one. */
export const DEFECTS: Readonly<Record<string, Decider>> = {
  'an epoch reused': saying((outcome, state) => {
    if (outcome.kind !== 'append' || state === undefined || state.epoch === 0) return outcome;
    const { placement } = outcome.data;
    if (placement === undefined || placement.epoch === state.epoch) return outcome;
    const { epoch } = state;
    const commands = outcome.data.commands.map((command) => ({ ...command, epoch }));
    return { ...outcome, data: { ...outcome.data, epoch, placement: { ...placement, epoch }, commands } };
  }),

  'a confirmation skipped': hearing((state, input) =>
    // An operator's wish is taken for the client's word.
    input.kind === 'fact' && input.fact.name === 'failover-requested' && !input.fact.data.planned
      ? clientStopped(state, input)
      : undefined,
  ),

  'a lease ignored': hearing((state, input) =>
    // Nobody answered the stop, and the lease is not waited for.
    state.phase === 'stopping' && isDue(state, input) ? clientStopped(state, input) : undefined,
  ),

  'an input handled twice': {
    ...link,
    decide: (id, state, input) => link.decide(id, state && { ...state, handled: {} }, input),
  },

  'a command dropped': saying((outcome) => {
    if (outcome.kind !== 'append') return outcome;
    const commands = outcome.data.commands.filter((command) => command.name !== 'accept-client');
    return { ...outcome, data: { ...outcome.data, commands } };
  }),

  'a command dropped at a takeover': { ...link, unansweredCommands: () => [] },

  'a capacity leak': {
    ...link,
    // A link that ended keeps its place in the books.
    evolve: (state, decided) => {
      const after = link.evolve(state, decided);
      const placement = state?.placement;
      return after.phase === 'ended' && placement ? { ...after, placement } : after;
    },
  },

  'room not counted': {
    ...link,
    decide: (id, state, input) => {
      const agents = new Map([...input.fleet.agents].map(([key, agent]) => [key, { ...agent, carried: 0 }]));
      const silent = input.fleet.silent.bind(input.fleet);
      return link.decide(id, state, { ...input, fleet: { ...EMPTY_FLEET, agents, silent } });
    },
  },

  'a loss ignored': saying((outcome, state, input) =>
    input.kind === 'fact' && input.fact.name === 'connection-lost' && state?.phase === 'draining'
      ? { kind: 'ignore', reason: 'already-moving' }
      : outcome,
  ),

  'the epoch of a question reused for another server': saying((outcome) => {
    if (outcome.kind !== 'append') return outcome;
    const { peer, placement } = outcome.data;
    if (peer?.epoch === undefined || peer.went === 'peer' || placement === undefined) return outcome;
    const { epoch } = peer;
    const commands = outcome.data.commands.map((command) => ({ ...command, epoch }));
    return { ...outcome, data: { ...outcome.data, epoch, placement: { ...placement, epoch }, commands } };
  }),

  'a DR client activated before the old placement is over': hearing((state, input) =>
    // The client did not stand in time, and nobody confirmed that it stopped.
    state.phase === 'stopping' && state.carrier === 'dr-1' && isDue(state, input)
      ? clientStopped(state, input)
      : undefined,
  ),

  'a late answer of the peer taken': hearing((state, input) => {
    if (input.kind !== 'fact' || input.fact.name !== 'peer-answered') return undefined;
    const { data } = input.fact;
    if (data.epoch >= state.epoch || data.outcome !== 'assigned') return undefined;
    if (state.asking === undefined) return clientStopped(state, input);
    return { ...input, fact: { ...input.fact, data: { ...data, epoch: state.asking.epoch } } };
  }),

  'a standby’s disconnect taken for the end of a placement': hearing((state, input) => {
    if (input.kind !== 'fact' || input.fact.name !== 'command-succeeded') return undefined;
    const { agent_id, command_id, epoch } = input.fact.data;
    const standsBy = agent_id === state.standby?.agent_id && agent_id !== state.placement?.client_id;
    return standsBy && epoch === state.epoch && command_id.includes('/disconnect/')
      ? clientStopped(state, input)
      : undefined;
  }),

  'a wait without end': {
    ...link,
    evolve: (state, decided) => {
      const { dueMs, ...after } = link.evolve(state, decided);
      return after.phase === 'activating' || dueMs === undefined ? after : { ...after, dueMs };
    },
  },
};
