import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { HEADER, TOPIC } from '#libs/contracts';
import { type Log, type OutgoingEvent, traceHeaders, traceOf } from '#libs/log';
import { LOG } from '../core/tokens.ts';
import { FactWriter } from './fact-writer.ts';
import type { IncomingEvent } from './incoming-event.ts';

export class PublishEvent extends Command<{ event_id: string }> {
  constructor(readonly incoming: IncomingEvent) {
    super();
  }
}
@CommandHandler(PublishEvent)
export class PublishEventHandler implements ICommandHandler<PublishEvent> {
  constructor(
    @Inject(LOG) private readonly log: Log,
    private readonly facts: FactWriter,
  ) {}

  async execute({ incoming: { topic, definition, event } }: PublishEvent) {
    // The call's own, or else the one the event was made under.
    const attribute = event.headers[`ce_${HEADER.traceparent}`];
    const trace =
      traceOf(event.headers) ?? (attribute === undefined ? undefined : { traceparent: attribute });
    const outgoing: OutgoingEvent = {
      topic,
      key: event.key,
      id: event.id,
      type: event.name,
      source: event.source,
      subject: event.subject,
      time: new Date(event.timeMs).toISOString(),
      data: event.data as object,
      ...(trace && { headers: traceHeaders(trace) }),
    };
    const everywhere = definition.topic === TOPIC.connectionStatus && definition.key !== 'connection_id';
    await this.log.publish(
      everywhere ? this.facts.everyPartition().map((partition) => ({ ...outgoing, partition })) : [outgoing],
    );
    return { event_id: event.id };
  }
}
