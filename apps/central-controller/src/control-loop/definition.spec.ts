import { type FactName, TOPIC, topicName } from '#libs/contracts';
import { type Input, loop, reservation } from '#libs/domain';
import type { LoopDefinition, PartitionView, ReceivedEvent } from '#libs/log';
import { healthReport } from '../../../../test/support/health-reports.ts';
import { controlLoopDefinition } from './definition.ts';

const NOW_MS = 1_000_000;
const KEY = 'bank-client-1:primary';
const PARTITION = 1;

/** The loop of `west`, with one server of its own and one client of `east`. */
function west() {
  const fleet = new loop.FleetView(() => {});
  const agents = [
    healthReport({ agent_id: 'bank-client-1', control_region: 'east' }),
    healthReport({
      agent_id: 'scheme-server-1',
      kind: 'server-sidecar',
      control_region: 'west',
      server_group: 'scheme',
    }),
  ];
  for (const report of agents) fleet.take(report, NOW_MS, NOW_MS);
  const changes: (loop.Aggregate | undefined)[] = [];
  const definition = controlLoopDefinition({
    region: 'west',
    regions: ['east', 'west'],
    fleet,
    partitions: 2,
    peerDeadlineMs: 500,
    reservationMs: 15_000,
    partitionOf: () => PARTITION,
    nowMs: () => NOW_MS,
    changed: (_key, _previous, next) => changes.push(next),
  });
  return { definition, fleet, changes };
}

let offset = 0;
function event(
  region: string,
  name: FactName,
  key: string,
  data: object,
  partition = PARTITION,
): ReceivedEvent {
  offset += 1;
  const at = { topic: topicName(region, TOPIC.connectionStatus), partition, offset };
  return { ...at, name, key, id: `fact-${offset}`, data, timeMs: NOW_MS } as unknown as ReceivedEvent;
}

const asked = (key = KEY) => {
  const data = {
    connection_id: key,
    client_id: 'bank-client-1',
    server_group: 'scheme',
    reason: 'server-lost',
  };
  return event('west', 'server-requested', key, { ...data, epoch: 2, requesting_region: 'east' });
};
const established = (region: string, partition = PARTITION) => {
  const data = { connection_id: KEY, client_id: 'bank-client-1', server_id: 'scheme-server-1', epoch: 2 };
  const said = { ...data, agent_id: 'bank-client-1', incarnation: 'life-1' };
  return event(region, 'new-connection-established', KEY, said, partition);
};

type Definition = LoopDefinition<loop.Aggregate, Input, loop.AgentMemory>;

/** What the loop makes of one fact, given what its key stands for. */
function outcomeOf(definition: Definition, fact: ReceivedEvent, state?: loop.Aggregate) {
  const verdict = definition.toInput(fact, NOW_MS);
  if (verdict.kind !== 'input') return verdict;
  const view = {
    partition: PARTITION,
    memory: loop.NO_MEMORY,
    state: () => state,
    entries: () => new Map().entries(),
  } as PartitionView<loop.Aggregate, loop.AgentMemory>;
  const [key] = definition.keysOf(verdict.input, view);
  return definition.decide(key ?? '', state, verdict.input, view);
}

const decided = (definition: Definition, fact: ReceivedEvent, state?: loop.Aggregate): loop.Aggregate => {
  const outcome = outcomeOf(definition, fact, state);
  if (outcome.kind !== 'append') throw new Error(`${JSON.stringify(outcome)} is no decision`);
  const { name, data } = outcome;
  return definition.evolve(state, { key: fact.key, id: 'decision', name, data, timeMs: NOW_MS });
};

describe('the loop of a region that is asked for a server', () => {
  it('reserves one, which counts on it, and hears when it is used', () => {
    const { definition, fleet, changes } = west();
    const state = decided(definition, asked());
    expect(state).toMatchObject({
      kind: 'reservation',
      state: { server_id: 'scheme-server-1', used: false },
    });
    definition.onChange?.(PARTITION, KEY, undefined, state);
    expect(fleet.agents.get('scheme-server-1')?.carried).toBe(1);
    expect(changes).toEqual([state]);
    expect(decided(definition, established('east'), state)).toMatchObject({ state: { used: true } });
    definition.onChange?.(PARTITION, KEY, state, undefined);
    expect(fleet.agents.get('scheme-server-1')?.carried).toBe(0);
    expect(definition.dueAtMs(state)).toBeUndefined();
    expect(definition.unanswered(KEY, state)).toEqual([]);
  });

  it('passes by whatever else another home’s connections do', () => {
    const { definition } = west();
    expect(outcomeOf(definition, established('east'))).toMatchObject({ kind: 'ignore' });
    const elsewhere = established('east', PARTITION + 1);
    expect(outcomeOf(definition, elsewhere)).toEqual({ kind: 'skip', reason: 'other-home-region' });
    expect(outcomeOf(definition, established('west', PARTITION + 1))).toEqual({ kind: 'forward' });
    const lost = { connection_id: KEY, epoch: 2, reason: 'peer-reset', observed_by: 'client-sidecar' };
    const held = decided(definition, asked());
    expect(outcomeOf(definition, event('east', 'connection-lost', KEY, lost), held)).toMatchObject({
      kind: 'skip',
    });
  });

  it.each(['east', 'west'])(
    'sends a misplaced fact on a connection of %s to its partition, from its own topic alone',
    (home) => {
      const { definition } = west();
      const lost = { connection_id: KEY, epoch: 2, reason: 'peer-reset', observed_by: 'server-sidecar' };
      const misplaced = (region: string) =>
        event(region, 'connection-lost', KEY, { ...lost, home_region: home }, PARTITION + 1);
      expect(outcomeOf(definition, misplaced('west'))).toEqual({ kind: 'forward' });
      expect(outcomeOf(definition, misplaced('east'))).toEqual({ kind: 'skip', reason: 'other-home-region' });
    },
  );

  it('keeps connections, agents and what it holds ready apart: one key stands for one of them', () => {
    const { definition } = west();
    const wrong = { kind: 'reject', reason: 'wrong-home-region' };
    for (const kind of ['link', 'agent', 'region'] as const) {
      const other = { kind, state: {} } as loop.Aggregate;
      expect(outcomeOf(definition, asked(), other)).toMatchObject(wrong);
    }
    expect(outcomeOf(definition, asked('scheme-server-1'))).toMatchObject(wrong);
    const request = { connection_id: KEY, kind: 'link', client_id: 'bank-client-1', server_group: 'scheme' };
    const held = decided(definition, asked());
    const wanted = event('west', 'connection-request', KEY, request);
    expect(outcomeOf(definition, wanted, held)).toMatchObject(wrong);
  });

  it('asks nobody by itself, and writes no commands for what it holds ready', () => {
    const { definition } = west();
    const outcome = outcomeOf(definition, asked());
    if (outcome.kind !== 'append') throw new Error('no decision');
    const { name, data } = outcome;
    expect(definition.commandsOf({ key: KEY, id: 'd', name, data, timeMs: NOW_MS })).toEqual([]);
    const state = reservation.evolve(undefined, { name: 'server-reserved', data: data as never });
    expect(state.expiresMs).toBe(NOW_MS + 15_000);
  });
});
