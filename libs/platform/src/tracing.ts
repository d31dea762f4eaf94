import type { Logger } from './logging.ts';
import { Counter, type Registry } from './metrics.ts';

/** W3C Trace Context as it rides in headers: of a record, of an HTTP request, of a gRPC call. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/;

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
/** By the names of OpenTelemetry's semantic conventions where they have one. Never a payload. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanOptions {
  readonly kind: SpanKind;
  /** Absent: it begins a trace. */
  readonly parent?: TraceContext | undefined;
  readonly attributes?: SpanAttributes;
}

export interface TracedSpan {
  /** What is caused under this span carries it; undefined: there is no trace to be part of. */
  readonly context: TraceContext | undefined;
  add(attributes: SpanAttributes): void;
  /** @param failure one word or line for people; absent: all went well. Later calls change nothing. */
  end(failure?: string): void;
}

/** Spans of this program; one a process, passed to whatever begins and ends them. */
export interface Tracing {
  /** False: spans are none, and contexts only pass through. */
  readonly isOn: boolean;
  start(name: string, options: SpanOptions): TracedSpan;
  /** Sends what waits, for a bounded time, and begins no more. */
  stop(): Promise<void>;
}

export interface TracingOptions {
  /** `service.name`, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say otherwise. */
  readonly service: string;
  /** `service.instance.id`: which of the processes of that name. */
  readonly instance: string;
  /** Attributes of the resource beside these two. */
  readonly resource?: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly metrics: Registry;
}

/** The trace's own id, as log lines tell it: 32 hexadecimal digits; undefined: of none, or of one that is no context. */
export function traceIdOf(trace: TraceContext | undefined): string | undefined {
  return trace && TRACEPARENT.exec(trace.traceparent)?.[1];
}

/** How spans fare on their way to the collector. */
export type SpanOutcome = 'exported' | 'failed';

/** No spans: a context that came goes on as it is. */
export const NO_TRACING: Tracing = {
  isOn: false,
  start: (_name, { parent }) => ({ context: parent, add: () => {}, end: () => {} }),
  stop: async () => {},
};

/**
 * Traces by OTLP over HTTP when the environment names a collector (OTEL_EXPORTER_OTLP_ENDPOINT or
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT), else none: OpenTelemetry's own code is not even loaded then. A collector that is
 * away costs a bounded queue (OTEL_BSP_MAX_QUEUE_SIZE, 2,048 spans) and nothing that waits for it.
 */
export async function createTracing(
  options: TracingOptions,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Tracing> {
  const spans = spanCounter(options.metrics);
  if (!isConfigured(env)) return NO_TRACING;
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL;
  if (protocol !== undefined && protocol !== 'http/json') {
    options.logger.warn(
      { protocol },
      'traces are exported as http/json, whatever OTEL_EXPORTER_OTLP_PROTOCOL says',
    );
  }
  const { openTelemetry } = await import('./tracing-sdk.ts');
  return openTelemetry(options, (outcome, count) => spans.inc({ outcome }, count));
}

/** As the specification of OpenTelemetry's variables has it; an empty value is as good as none. */
function isConfigured(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  if (env.OTEL_TRACES_EXPORTER === 'none') return false;
  return Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT);
}

function spanCounter(metrics: Registry): Counter<'outcome'> {
  const counter = new Counter({
    name: 'trunkline_spans_total',
    help: 'Spans of traces, by whether the collector took them',
    labelNames: ['outcome'],
    registers: [metrics],
  });
  for (const outcome of ['exported', 'failed'] as const satisfies SpanOutcome[]) counter.inc({ outcome }, 0);
  return counter;
}
