import { readdirSync, readFileSync } from 'node:fs';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type Collector, startCollector } from '../../../test/support/otlp.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { createLogger } from './logging.ts';
import { createRegistry, type Registry } from './metrics.ts';
import { createTracing, NO_TRACING, type Tracing, traceIdOf } from './tracing.ts';
import { tracingBy } from './tracing-sdk.ts';

const TRACE = 'ab'.repeat(16);
const PARENT = { traceparent: `00-${TRACE}-${'cd'.repeat(8)}-01`, tracestate: 'vendor=1' };
const NOT_SAMPLED = { traceparent: `00-${TRACE}-${'cd'.repeat(8)}-00` };
/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:1';

describe('tracing', () => {
  const given = (metrics: Registry = createRegistry('test')) => ({
    service: 'trunkline-test',
    instance: 'test-1',
    resource: { 'trunkline.control_region': 'east' },
    logger: createLogger({ name: 'test', level: 'silent' }),
    metrics,
  });

  it.each<[string, NodeJS.ProcessEnv]>([
    ['no collector is named', {}],
    ['its name is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['the SDK is disabled', { OTEL_EXPORTER_OTLP_ENDPOINT: NOWHERE, OTEL_SDK_DISABLED: 'true' }],
    ['traces are exported nowhere', { OTEL_EXPORTER_OTLP_ENDPOINT: NOWHERE, OTEL_TRACES_EXPORTER: 'none' }],
  ])('is off when %s, and lets contexts pass', async (_when, env) => {
    const tracing = await createTracing(given(), env);
    expect(tracing).toBe(NO_TRACING);
    const span = tracing.start('any', { kind: 'internal', parent: PARENT });
    expect(span.context).toBe(PARENT);
    expect(tracing.start('any', { kind: 'internal' }).context).toBeUndefined();
  });

  it('loads nothing of OpenTelemetry before a collector is named', () => {
    const folder = new URL('.', import.meta.url);
    const sources = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
    const imports = sources.flatMap((name) =>
      [
        ...readFileSync(new URL(name, folder), 'utf8').matchAll(
          /^(?:import|export) .*'(.*(?:opentelemetry|tracing-sdk).*)';$/gms,
        ),
      ].map(([, what]) => [name, what]),
    );
    expect([...new Set(imports.map(([name]) => name))]).toEqual(['tracing-sdk.ts']);
  });

  it('tells the id of a trace, and none of what is no context', () => {
    expect(traceIdOf(PARENT)).toBe(TRACE);
    expect(traceIdOf({ traceparent: 'text' })).toBeUndefined();
    expect(traceIdOf(undefined)).toBeUndefined();
  });

  describe('by the spans in memory', () => {
    let exporter: InMemorySpanExporter;
    let tracing: Tracing;

    beforeEach(() => {
      exporter = new InMemorySpanExporter();
      tracing = tracingBy({ service: 's', instance: 'i' }, new SimpleSpanProcessor(exporter));
    });
    afterEach(() => tracing.stop());

    it('goes on in the trace that it is given, and hands its state on', () => {
      const span = tracing.start('send', {
        kind: 'producer',
        parent: PARENT,
        attributes: { a: 1, none: undefined },
      });
      span.add({ b: 'two' });
      span.end();
      const [seen] = exporter.getFinishedSpans();
      expect(seen?.parentSpanContext?.spanId).toBe('cd'.repeat(8));
      expect(seen?.attributes).toEqual({ a: 1, b: 'two' });
      expect(span.context).toEqual({
        traceparent: `00-${TRACE}-${seen?.spanContext().spanId}-01`,
        tracestate: 'vendor=1',
      });
    });

    it('begins a trace where there is none, or a broken one', () => {
      for (const parent of [undefined, { traceparent: 'broken' }])
        tracing.start('any', { kind: 'internal', parent }).end();
      const seen = exporter.getFinishedSpans();
      expect(seen.map(({ parentSpanContext }) => parentSpanContext)).toEqual([undefined, undefined]);
      expect(new Set(seen.map((span) => span.spanContext().traceId)).size).toBe(2);
    });

    it('tells a failure', () => {
      tracing.start('any', { kind: 'client' }).end('timeout');
      const [seen] = exporter.getFinishedSpans();
      expect(seen).toMatchObject({
        status: { code: 2, message: 'timeout' },
        attributes: { 'error.type': 'timeout' },
      });
    });

    it('leaves out what the caller does not sample, and says so to whoever comes next', () => {
      const span = tracing.start('any', { kind: 'server', parent: NOT_SAMPLED });
      span.end();
      expect(exporter.getFinishedSpans()).toEqual([]);
      expect(span.context?.traceparent).toMatch(new RegExp(`^00-${TRACE}-[\\da-f]{16}-00$`));
    });
  });

  describe('by OTLP', () => {
    const usual = { ...process.env };
    let collector: Collector;

    beforeEach(async () => {
      collector = await startCollector();
    });
    afterEach(async () => {
      await collector.stop();
      for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];
      Object.assign(process.env, usual);
    });

    async function exported(env: Record<string, string>, metrics?: Registry): Promise<void> {
      Object.assign(process.env, collector.env, env);
      const tracing = await createTracing(given(metrics));
      tracing.start('one', { kind: 'consumer', parent: PARENT }).end();
      tracing.start('two', { kind: 'server' }).end();
      await tracing.stop();
    }

    it('exports what the standard variables say, with who it is', async () => {
      const metrics = createRegistry('test');
      await exported(
        {
          OTEL_SERVICE_NAME: 'mine',
          OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
          OTEL_EXPORTER_OTLP_HEADERS: 'x-team=payments',
        },
        metrics,
      );
      expect(collector.spans.map(({ name, kind }) => [name, kind])).toEqual([
        ['one', 'consumer'],
        ['two', 'server'],
      ]);
      expect(collector.spans[0]).toMatchObject({ traceId: TRACE, parentSpanId: 'cd'.repeat(8) });
      expect(collector.spans[0]?.resource).toMatchObject({
        'service.name': 'mine',
        'service.instance.id': 'test-1',
        'trunkline.control_region': 'east',
        'deployment.environment.name': 'test',
      });
      expect(collector.headers[0]).toMatchObject({
        'x-team': 'payments',
        'content-type': 'application/json',
      });
      expect(await metrics.metrics()).toMatch(/trunkline_spans_total\{outcome="exported",.*\} 2/);
    });

    it('samples as they say', async () => {
      await exported({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' });
      expect(collector.spans.map(({ name }) => name)).toEqual(['one']);
    });

    it('keeps nobody waiting for a collector that is away: it drops and counts', async () => {
      const metrics = createRegistry('test');
      Object.assign(process.env, {
        OTEL_EXPORTER_OTLP_ENDPOINT: NOWHERE,
        OTEL_BSP_MAX_QUEUE_SIZE: '20',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10',
        OTEL_BSP_EXPORT_TIMEOUT: '100',
      });
      const tracing = await createTracing(given(metrics));
      for (let i = 0; i < 10_000; i += 1) tracing.start('any', { kind: 'internal' }).end();
      const stopped = tracing.stop();
      const counted = async () => /outcome="failed",.*\} (\d+)/.exec(await metrics.metrics())?.[1];
      const failed = Number(await waitFor(async () => Number(await counted()) > 0 && counted()));
      // The queue, and the batch that was on its way when it filled.
      expect(failed).toBeLessThanOrEqual(30);
      await stopped;
    });
  });
});
