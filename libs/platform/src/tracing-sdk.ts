import {
  SpanKind as ApiSpanKind,
  type Attributes,
  type Context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { ExportResultCode, setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { Logger } from './logging.ts';
import type {
  SpanKind,
  SpanOptions,
  SpanOutcome,
  TraceContext,
  TracedSpan,
  Tracing,
  TracingOptions,
} from './tracing.ts';

/** What still waits at the end of the process is sent within so long, or dropped, in milliseconds. */
const STOP_LIMIT_MS = 2_000;
const INSTRUMENTATION = 'trunkline';

const KINDS: Readonly<Record<SpanKind, ApiSpanKind>> = {
  internal: ApiSpanKind.INTERNAL,
  server: ApiSpanKind.SERVER,
  client: ApiSpanKind.CLIENT,
  producer: ApiSpanKind.PRODUCER,
  consumer: ApiSpanKind.CONSUMER,
};

type Count = (outcome: SpanOutcome, spans: number) => void;

/** Spans to the collector that OpenTelemetry's variables name; loaded only when one is named. */
export function openTelemetry(options: TracingOptions, count: Count): Tracing {
  const { logger } = options;
  // Which of its settings it could not read; how exports fare is told below, once each time it changes.
  const warn = (message: string): void => logger.warn({ message }, 'OpenTelemetry');
  diag.setLogger(
    { error: warn, warn, info: () => {}, debug: () => {}, verbose: () => {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  setGlobalErrorHandler(() => {});
  const exporter = toldExporter(new OTLPTraceExporter(), logger, count);
  return tracingBy(options, new BatchSpanProcessor(exporter));
}

/** Traces that a processor takes: the collector's, or a test's. */
export function tracingBy(
  { service, instance, resource = {} }: Pick<TracingOptions, 'service' | 'instance' | 'resource'>,
  processor: SpanProcessor,
): Tracing {
  const given = { 'service.name': service, 'service.instance.id': instance, ...resource };
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes(given))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer(INSTRUMENTATION);
  return {
    isOn: true,
    start: (name, spanOptions) => startSpan(tracer, name, spanOptions),
    stop: async () => {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, STOP_LIMIT_MS);
      });
      await Promise.race([provider.shutdown().catch(() => {}), limit]);
      clearTimeout(timer);
    },
  };
}

function startSpan(tracer: Tracer, name: string, { kind, parent, attributes }: SpanOptions): TracedSpan {
  const begun = tracer.startSpan(
    name,
    { kind: KINDS[kind], attributes: attributes as Attributes },
    contextOf(parent),
  );
  return {
    context: contextIn(begun),
    add: (more) => void begun.setAttributes(more as Attributes),
    end: (failure) => endSpan(begun, failure),
  };
}

function endSpan(span: Span, failure: string | undefined): void {
  if (failure !== undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    span.setAttribute('error.type', failure);
  }
  span.end();
}

const propagator = new W3CTraceContextPropagator();
const GETTER = {
  keys: (carrier: Record<string, string>) => Object.keys(carrier),
  get: (carrier: Record<string, string>, name: string) => carrier[name],
};
const SETTER = {
  set: (carrier: Record<string, string>, name: string, value: string) => {
    carrier[name] = value;
  },
};

/** A broken `traceparent` is as good as none, says Trace Context. */
function contextOf(parent: TraceContext | undefined): Context {
  return parent === undefined ? ROOT_CONTEXT : propagator.extract(ROOT_CONTEXT, parent, GETTER);
}

function contextIn(span: Span): TraceContext | undefined {
  const carrier: Record<string, string> = {};
  propagator.inject(trace.setSpan(ROOT_CONTEXT, span), carrier, SETTER);
  const { traceparent, tracestate } = carrier;
  if (traceparent === undefined) return undefined;
  return tracestate === undefined || tracestate === '' ? { traceparent } : { traceparent, tracestate };
}

/** Counts what the collector took, and says once when it begins to fail and once when it takes spans again. */
function toldExporter(exporter: SpanExporter, logger: Logger, count: Count): SpanExporter {
  let failing = false;
  return {
    export: (spans, done) => {
      exporter.export(spans, (result) => {
        const failed = result.code !== ExportResultCode.SUCCESS;
        count(failed ? 'failed' : 'exported', spans.length);
        if (failed && !failing) logger.warn({ err: result.error }, 'spans could not be exported');
        if (!failed && failing) logger.info('spans are exported again');
        failing = failed;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}
