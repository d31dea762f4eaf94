import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { tailCommands } from '#libs/agent';
import { type Log, type LoopDefinition, MemoryBroker, runControlLoop } from '#libs/log';
import { createLogger, systemClock, type Tracing } from '#libs/platform';
import { tracingBy } from '../../libs/platform/src/tracing-sdk.ts';
import { waitFor } from '../support/wait-for.ts';

const TRACE = 'ab'.repeat(16);
const CALLER = { traceparent: `00-${TRACE}-${'cd'.repeat(8)}-01`, tracestate: 'vendor=1' };
const KEY = 'bank-client-1:primary';
const FACTS = 'east.connection-status';
const DECISIONS = 'east.controller-events';
const COMMANDS = 'east.failover-commands';

interface State {
  readonly version: number;
}

/** Each fact but `nothing` is decided on, with one command. */
const DEFINITION: LoopDefinition<State, { readonly key: string; readonly name: string }, null> = {
  region: 'east',
  groupId: 'east.control-loop',
  source: '/test',
  inputTopics: [FACTS],
  logTopic: DECISIONS,
  stateTopic: 'east.connection-state',
  toInput: ({ key, name }) => ({ kind: 'input', input: { key, name } }),
  keysOf: ({ key }) => [key],
  decide: (_key, state, { name }) =>
    name === 'nothing'
      ? { kind: 'ignore', reason: 'no-change' }
      : { kind: 'append', name: 'decided', data: { version: (state?.version ?? 0) + 1 } },
  evolve: (_state, { data: { version } }) => ({ version }),
  versionOf: ({ version }) => version,
  commandsOf: ({ id }) => [
    { topic: COMMANDS, key: 'agent', id: `command of ${id}`, type: 'connect', source: '/test', data: {} },
  ],
  unanswered: () => [],
  dueAtMs: () => undefined,
  timeInput: () => ({ key: '', name: 'time' }),
  initialMemory: null,
  remember: () => null,
};

describe('the spans of the log', () => {
  let exporter: InMemorySpanExporter;
  let tracing: Tracing;
  let broker: MemoryBroker;
  const endings: (() => Promise<void>)[] = [];

  beforeEach(() => {
    exporter = new InMemorySpanExporter();
    tracing = tracingBy({ service: 'test', instance: 'test' }, new SimpleSpanProcessor(exporter));
    broker = new MemoryBroker();
    broker.createRegion('east', 1);
  });
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
    await tracing.stop();
  });

  function logOf(client: string, tracer?: Tracing): Log {
    const log = broker.log(client, {}, tracer);
    endings.push(() => log.close());
    return log;
  }

  const fact = (type: string, headers?: Record<string, string>) => ({
    ...{ topic: FACTS, key: KEY, id: type, type, source: '/test', data: {} },
    ...(headers && { headers }),
  });

  async function decidedOn(name: string, tracer?: Tracing, headers: Record<string, string> = CALLER) {
    const log = logOf('loop', tracer);
    const loop = await runControlLoop(log, DEFINITION);
    endings.push(() => loop.stop());
    await logOf('caller').publish([fact(name, headers)]);
    return log;
  }

  /** Every header of the records of a topic, as texts. */
  async function headersIn(topic: string, type: string): Promise<Record<string, string>[]> {
    const seen: Record<string, string>[] = [];
    const tail = await logOf('reader').tail({
      topics: [topic],
      from: 'earliest',
      onBatch: async ({ records }) => {
        for (const { headers } of records)
          if (headers.ce_type === `trunkline.${type}.v1`) seen.push({ ...headers });
      },
    });
    await tail.caughtUp();
    await tail.stop();
    return seen;
  }

  const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
  const named = (name: string) => spans().find((span) => span.name === name);
  const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;

  it('lead from a fact through its decision to the command, in the caller’s trace', async () => {
    await decidedOn('asked', tracing);
    const sent = await waitFor(() => named(`send ${COMMANDS}`));
    const [processed, decided] = [named(`process ${FACTS}`), named(`send ${DECISIONS}`)];
    expect(processed?.parentSpanContext?.spanId).toBe('cd'.repeat(8));
    expect(decided?.parentSpanContext?.spanId).toBe(idOf(processed));
    expect(sent.parentSpanContext?.spanId).toBe(idOf(decided));
    expect(new Set(spans().map((span) => span.spanContext().traceId))).toEqual(new Set([TRACE]));
    const [decision] = await headersIn(DECISIONS, 'decided');
    const [command] = await headersIn(COMMANDS, 'connect');
    expect(decision).toMatchObject({
      traceparent: `00-${TRACE}-${idOf(decided)}-01`,
      tracestate: 'vendor=1',
    });
    expect(command).toMatchObject({ traceparent: `00-${TRACE}-${idOf(sent)}-01`, tracestate: 'vendor=1' });
  });

  it('say what they are by the semantic conventions of messaging', async () => {
    await decidedOn('asked', tracing);
    await waitFor(() => named(`send ${COMMANDS}`));
    expect(named(`process ${FACTS}`)?.attributes).toEqual({
      'messaging.system': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': FACTS,
      'messaging.destination.partition.id': '0',
      'messaging.kafka.message.key': KEY,
      'messaging.kafka.offset': 0,
      'messaging.message.id': 'asked',
      'messaging.consumer.group.name': 'east.control-loop',
      'cloudevents.event_type': 'asked',
      'trunkline.decision': 'decided',
    });
    expect(named(`send ${DECISIONS}`)?.attributes).toMatchObject({
      'messaging.operation.type': 'send',
      'messaging.message.id': `${KEY}/1`,
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 1,
    });
  });

  it('say why an input changed nothing', async () => {
    await decidedOn('nothing', tracing);
    const span = await waitFor(() => named(`process ${FACTS}`));
    expect(span.attributes).toMatchObject({ 'trunkline.ignored': 'no-change' });
    expect(named(`send ${DECISIONS}`)).toBeUndefined();
  });

  it('are none without a tracer, and the context goes on as it came', async () => {
    await decidedOn('asked');
    const [command] = await waitFor(async () => {
      const found = await headersIn(COMMANDS, 'connect');
      return found.length > 0 && found;
    });
    expect(command).toMatchObject(CALLER);
    expect((await headersIn(DECISIONS, 'decided'))[0]).toMatchObject(CALLER);
    expect(spans()).toEqual([]);
  });

  it('are of each fact that is published, not of heartbeats, and tell that Kafka did not take one', async () => {
    const log = logOf('agent', tracing);
    const report = { ...fact('health-report'), topic: 'east.health-reports' };
    await log.publish([report, fact('lost')]);
    expect(spans().map(({ name }) => name)).toEqual([`send ${FACTS}`]);
    expect((await headersIn(FACTS, 'lost'))[0]?.traceparent).toContain(idOf(spans()[0]));
    broker.available = false;
    await expect(log.publish([fact('lost')])).rejects.toThrow();
    expect(spans()[1]?.status).toMatchObject({ code: 2, message: 'LogUnavailable' });
  });

  it('of an agent hold its command until it is answered, with what it was answered', async () => {
    const log = logOf('agent', tracing);
    await logOf('controller').publish([
      { topic: COMMANDS, key: 'agent', id: 'c', type: 'connect', source: '/test', data: {}, headers: CALLER },
    ]);
    const traces: unknown[] = [];
    const desk = {
      handle: async ({ trace }: { trace?: unknown }) => {
        traces.push(trace);
        return { name: 'command-failed' as const, reason: 'dial-failed', incarnation: 'one' };
      },
      skip: () => undefined,
    };
    const options = {
      agentId: 'agent',
      base: 'failover-commands' as const,
      partitions: 1,
      regions: ['east'],
    };
    const logger = createLogger({ name: 'test', level: 'silent' });
    const tail = await tailCommands(options, log, desk, systemClock, logger);
    endings.push(() => tail.stop());
    const span = await waitFor(() => named(`process ${COMMANDS}`));
    expect(span.parentSpanContext?.spanId).toBe('cd'.repeat(8));
    expect(span.status).toMatchObject({ code: 2, message: 'dial-failed' });
    expect(traces).toEqual([{ traceparent: `00-${TRACE}-${idOf(span)}-01`, tracestate: 'vendor=1' }]);
  });
});
