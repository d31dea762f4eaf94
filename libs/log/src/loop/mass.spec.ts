import { waitFor } from '../../../../test/support/wait-for.ts';
import { MemoryBroker } from '../memory/broker.ts';
import type { Log, OutgoingEvent } from '../port.ts';
import type { LoopDefinition } from './definition.ts';
import type { ControlLoop } from './handle.ts';
import { LOOP_LIMITS } from './limits.ts';
import { runControlLoop } from './run-control-loop.ts';

const PARTITIONS = 4;
const INPUTS = 2_000;
/** Of the event loop: more than all inputs take. */
const TURNS = 100;

interface State {
  readonly version: number;
  readonly dueMs?: number;
}
type Input = { readonly kind: 'asked'; readonly key: string } | { readonly kind: 'time' };

/** A first fact makes an aggregate, which is due at once; its time input is its last decision. */
function definition(on: (what: 'decided' | 'timed') => void): LoopDefinition<State, Input, null> {
  return {
    region: 'east',
    groupId: 'east.control-loop',
    source: 'test',
    inputTopics: ['east.connection-status'],
    logTopic: 'east.controller-events',
    stateTopic: 'east.connection-state',
    toInput: ({ key }) => ({ kind: 'input', input: { kind: 'asked', key } }),
    keysOf: (input) => (input.kind === 'asked' ? [input.key] : []),
    decide: (_key, state, { kind }) => {
      if (kind === 'time' && state?.dueMs === undefined) return { kind: 'ignore', reason: 'not-due' };
      on(kind === 'time' ? 'timed' : 'decided');
      return { kind: 'append', name: kind, data: { version: (state?.version ?? 0) + 1 } };
    },
    evolve: (_state, { name, data: { version } }) =>
      name === 'asked' ? { version, dueMs: Date.now() } : { version },
    versionOf: ({ version }) => version,
    commandsOf: () => [],
    unanswered: () => [],
    dueAtMs: ({ dueMs }) => dueMs,
    timeInput: () => ({ kind: 'time' }),
    initialMemory: null,
    remember: (memory) => memory,
  };
}

/** What happened between two turns of the event loop, at most. */
function watchTurns(count: () => number): { readonly most: () => number; stop(): void } {
  let [before, most, running] = [count(), 0, true];
  const look = () => {
    most = Math.max(most, count() - before);
    before = count();
    if (running) setImmediate(look);
  };
  setImmediate(look);
  const stop = () => {
    running = false;
  };
  return { most: () => most, stop };
}

describe('a loop that is told a great many things at once', () => {
  let broker: MemoryBroker;
  let log: Log;
  let loop: ControlLoop<State> | undefined;
  let [decided, timed] = [0, 0];

  beforeEach(async () => {
    broker = new MemoryBroker({ fetchRecords: INPUTS });
    log = broker.log('loop');
    await log.ensureTopics('east', { partitions: PARTITIONS });
    const events = Array.from({ length: INPUTS }, (_, index): OutgoingEvent => {
      const key = `link:${index}`;
      const at = { topic: 'east.connection-status', key, id: key, type: 'connection-request' };
      return { ...at, source: 'test', data: {} };
    });
    await log.publish(events);
    [decided, timed] = [0, 0];
  });
  afterEach(async () => {
    await loop?.stop();
    await log.close();
  });

  const start = async () => {
    const counts = (what: 'decided' | 'timed') => {
      if (what === 'timed') timed += 1;
      else decided += 1;
    };
    loop = await runControlLoop(log, definition(counts));
  };

  it('lets everything else run between few of them, over all its partitions, and loses none', async () => {
    const turns = watchTurns(() => decided);
    await start();
    await waitFor(() => decided === INPUTS && timed === INPUTS, { what: 'every decision' });
    turns.stop();
    expect(turns.most()).toBeGreaterThan(0);
    // A turn of the watch may lie before, and the next one behind, that of a partition.
    expect(turns.most()).toBeLessThanOrEqual(2 * LOOP_LIMITS.chunkRecords);
  });

  it('judges no more while too many of its decisions are on their way', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const append = log.append.bind(log);
    log.append = async (topic, partition, records) => {
      if (topic === 'east.controller-events' && decided > 0) await gate;
      return append(topic, partition, records);
    };
    await start();
    await waitFor(() => decided >= PARTITIONS * LOOP_LIMITS.queuedDecisions, { what: 'as many as may wait' });
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(decided).toBe(PARTITIONS * LOOP_LIMITS.queuedDecisions);
    open();
    await waitFor(() => decided === INPUTS && timed === INPUTS, { what: 'every decision' });
  });
});
