import { regionKey } from '#libs/contracts';
import { type Input, type link, loop } from '#libs/domain';
import type { PartitionView, ReceivedEvent } from '#libs/log';
import { controlLoopDefinition } from './definition.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const OWN_PARTITION = 2;

/** The loop of `east`, where the region's own key is on one partition of three. */
const definition = controlLoopDefinition({
  region: 'east',
  regions: ['east', 'west'],
  fleet: new loop.FleetView(() => {}),
  partitions: 3,
  peerDeadlineMs: 500,
  reservationMs: 15_000,
  partitionOf: () => OWN_PARTITION,
  nowMs: () => NOW_MS,
  changed: () => undefined,
});

function frozen(topicRegion: string, control_region: string, partition: number): ReceivedEvent {
  const data = { control_region, requested_by: 'o', until: '2026-01-01T06:00:00Z', setting_version: 1 };
  const at = { topic: `${topicRegion}.connection-status`, partition, offset: 5, timeMs: NOW_MS };
  const event = { ...at, name: 'freeze-requested', key: regionKey(control_region), id: 'f1', data };
  return event as unknown as ReceivedEvent;
}

const held = { phase: 'active', suppressed: { reason: 'freeze', what: 'planned-move' } };
const links = new Map<string, loop.Aggregate>(
  [
    ['c:held', held],
    ['c:free', { phase: 'active' }],
  ].map(([key, state]) => [key as string, { kind: 'link', state: state as unknown as link.LinkState }]),
);

const viewOf = (partition: number, memory: loop.AgentMemory = loop.NO_MEMORY) =>
  ({ partition, memory, state: () => undefined, entries: () => links.entries() }) as PartitionView<
    loop.Aggregate,
    loop.AgentMemory
  >;

function inputOf(event: ReceivedEvent): Input {
  const verdict = definition.toInput(event, NOW_MS);
  if (verdict.kind !== 'input') throw new Error(`${JSON.stringify(verdict)} is no input`);
  return verdict.input;
}

describe('a setting of the control region in the loop', () => {
  it('is an input of every partition, for the links that are held back there; one decides on it', () => {
    const keysOn = (partition: number) => [
      ...definition.keysOf(inputOf(frozen('east', 'east', partition)), viewOf(partition)),
    ];
    expect(keysOn(0)).toEqual(['c:held']);
    expect(keysOn(OWN_PARTITION)).toEqual(['region/east', 'c:held']);
  });

  it('is decided under its own key, folded, and known to the deciders by the memory of the partition', () => {
    const input = inputOf(frozen('east', 'east', OWN_PARTITION));
    const memory = loop.remember(loop.NO_MEMORY, input);
    const outcome = definition.decide('region/east', undefined, input, viewOf(OWN_PARTITION, memory));
    if (outcome.kind !== 'append') throw new Error('nothing was decided');
    expect(outcome).toMatchObject({ name: 'freeze-changed', data: { version: 1, control_region: 'east' } });
    const decision = { key: 'region/east', id: 'd', name: outcome.name, data: outcome.data, timeMs: NOW_MS };
    const aggregate = definition.evolve(undefined, decision);
    expect(aggregate).toMatchObject({ kind: 'region', state: { settings: memory.settings } });
    expect(definition.versionOf(aggregate)).toBe(1);
    expect(definition.commandsOf(decision)).toEqual([]);
    expect(definition.dueAtMs(aggregate)).toBeUndefined();
  });

  it("of another region is that region's, and nobody sets anything by another region's topic", () => {
    expect(definition.toInput(frozen('west', 'west', 0), NOW_MS)).toMatchObject({
      kind: 'skip',
      reason: 'other-home-region',
    });
    for (const [topic, region] of [
      ['west', 'east'],
      ['east', 'west'],
    ] as const) {
      expect(definition.toInput(frozen(topic, region, 0), NOW_MS)).toMatchObject({
        kind: 'reject',
        reason: 'wrong-home-region',
      });
    }
  });
});
