import { HEADER, TOPIC } from '#libs/contracts';
import type { OutgoingEvent, RawRecord, ReceivedEvent, RecordPosition, TopicPartition } from './port.ts';

/** W3C Trace Context as a record's headers carry it. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span that somebody else's tracer began. */
export interface LogSpan {
  /** What is caused under it carries this. */
  readonly context: TraceContext | undefined;
  add(attributes: Attributes): void;
  /** @param failure why it came to nothing; absent: it went well. */
  end(failure?: string): void;
}

/** Who makes spans of what the log does; libs/platform has one. None of it may throw or wait. */
export interface LogTracer {
  start(
    name: string,
    options: {
      readonly kind: 'producer' | 'consumer';
      /** Absent: the span begins a trace. */
      readonly parent?: TraceContext | undefined;
      readonly attributes: Attributes;
    },
  ): LogSpan;
}

type Headers = Readonly<Record<string, string>>;

/** The context that an event to be written carries. */
export function traceOf(headers: Headers | undefined): TraceContext | undefined {
  const { [HEADER.traceparent]: traceparent, [HEADER.tracestate]: tracestate } = headers ?? {};
  if (traceparent === undefined) return undefined;
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}

/** The context that a record carries; looks at its bytes, since most records are handled without their texts. */
export function traceOfRecord({ headers }: RawRecord): TraceContext | undefined {
  const traceparent = headers[HEADER.traceparent]?.toString('utf8');
  if (traceparent === undefined) return undefined;
  const tracestate = headers[HEADER.tracestate]?.toString('utf8');
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}

/** A context as headers: none, or its one or two. */
export function traceHeaders(trace: TraceContext | undefined): Record<string, string> {
  return trace === undefined ? {} : { ...trace };
}

/** The name of a topic's own messages in spans: heartbeats are no part of anybody's story. */
const UNTRACED = `.${TOPIC.healthReports}`;

/** The span of one record on its way to Kafka, by the semantic conventions of messaging. */
export function startSend(
  tracer: LogTracer,
  event: Pick<OutgoingEvent, 'topic' | 'key' | 'id' | 'type'>,
  parent: TraceContext | undefined,
): LogSpan {
  return tracer.start(`send ${event.topic}`, {
    kind: 'producer',
    parent,
    attributes: {
      'messaging.system': 'kafka',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': event.topic,
      'messaging.kafka.message.key': event.key,
      'messaging.message.id': event.id,
      'cloudevents.event_type': event.type,
    },
  });
}

/** The span of what becomes of one record, by whoever reads it. */
export function startProcess(tracer: LogTracer, record: ReceivedEvent, group?: string): LogSpan {
  return tracer.start(`process ${record.topic}`, {
    kind: 'consumer',
    parent: traceOfRecord(record.raw),
    attributes: {
      'messaging.system': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': record.topic,
      'messaging.kafka.message.key': record.key,
      'messaging.message.id': record.id,
      'cloudevents.event_type': record.name,
      ...(group === undefined ? {} : { 'messaging.consumer.group.name': group }),
      ...positionAttributes(record, record.offset),
    },
  });
}

export function positionAttributes(
  { partition }: Pick<TopicPartition, 'partition'>,
  offset: number,
): Attributes {
  return { 'messaging.destination.partition.id': String(partition), 'messaging.kafka.offset': offset };
}

/** Publishes with a span around each event, whose context the event then carries; without a tracer, as they are. */
export async function publishTraced(
  tracer: LogTracer | undefined,
  events: readonly OutgoingEvent[],
  publish: (events: readonly OutgoingEvent[]) => Promise<RecordPosition[]>,
): Promise<RecordPosition[]> {
  if (tracer === undefined) return publish(events);
  const spans = events.map((event) =>
    event.topic.endsWith(UNTRACED) ? undefined : startSend(tracer, event, traceOf(event.headers)),
  );
  const traced = events.map((event, i) => {
    const context = spans[i]?.context;
    return context === undefined
      ? event
      : { ...event, headers: { ...event.headers, ...traceHeaders(context) } };
  });
  try {
    const positions = await publish(traced);
    for (const [i, span] of spans.entries()) {
      const at = positions[i];
      if (at !== undefined) span?.add(positionAttributes(at, at.offset));
      span?.end();
    }
    return positions;
  } catch (error) {
    for (const span of spans) span?.end(error instanceof Error ? error.name : 'failed');
    throw error;
  }
}
