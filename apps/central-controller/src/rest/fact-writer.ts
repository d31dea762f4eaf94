import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type FactName, regionKey, TOPIC, topicName } from '#libs/contracts';
import { type Log, type OutgoingEvent, type TraceContext, traceHeaders } from '#libs/log';
import type { ControllerConfig } from '../config.ts';
import { CONFIG, LOG } from '../core/tokens.ts';

export interface OperatorFact {
  readonly name: string;
  readonly key: string;
  readonly data: object;
  /** The trace that it is part of. */
  readonly trace?: TraceContext | undefined;
}

/** Writes what was asked for over REST as facts of this region; nothing is decided here. */
@Injectable()
export class FactWriter {
  constructor(
    @Inject(LOG) private readonly log: Log,
    @Inject(CONFIG) private readonly config: ControllerConfig,
  ) {}

  get region(): string {
    return this.config.region;
  }

  get topic(): string {
    return topicName(this.region, TOPIC.connectionStatus);
  }

  get source(): string {
    return `/trunkline/${this.region}/rest`;
  }

  /** @returns the fact's `ce_id`, once Kafka has it. @throws LogUnavailable. */
  async onConnection(fact: OperatorFact): Promise<string> {
    const event = this.eventOf(fact);
    await this.log.publish([event]);
    return event.id;
  }

  /** On an agent as a whole: to every partition, because each loop decides for its own connections. */
  onAgent(fact: OperatorFact): Promise<string> {
    return this.everywhere(fact);
  }

  /** On this control region's settings: to every partition, because each loop goes by them. */
  onRegion(name: FactName, said: object, trace?: TraceContext): Promise<string> {
    const data = { control_region: this.region, ...said };
    return this.everywhere({ name, key: regionKey(this.region), data, trace });
  }

  private async everywhere(fact: OperatorFact): Promise<string> {
    const event = this.eventOf(fact);
    await this.log.publish(this.everyPartition().map((partition) => ({ ...event, partition })));
    return event.id;
  }

  private eventOf({ name, key, data, trace }: OperatorFact): OutgoingEvent {
    const headers = trace && { headers: traceHeaders(trace) };
    return { topic: this.topic, key, id: randomUUID(), type: name, source: this.source, data, ...headers };
  }

  everyPartition(): number[] {
    return Array.from({ length: this.config.partitions }, (_none, partition) => partition);
  }
}
