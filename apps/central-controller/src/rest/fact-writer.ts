import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type FactName, regionKey, TOPIC, topicName } from '#libs/contracts';
import type { Log } from '#libs/log';
import type { ControllerConfig } from '../config.ts';
import { CONFIG, LOG } from '../core/tokens.ts';

export interface OperatorFact {
  readonly name: string;
  readonly key: string;
  readonly data: object;
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
  async onConnection({ name, key, data }: OperatorFact): Promise<string> {
    const id = randomUUID();
    await this.log.publish([{ topic: this.topic, key, id, type: name, source: this.source, data }]);
    return id;
  }

  /** On an agent as a whole: to every partition, because each loop decides for its own connections. */
  onAgent(fact: OperatorFact): Promise<string> {
    return this.everywhere(fact);
  }

  /** On this control region's settings: to every partition, because each loop goes by them. */
  onRegion(name: FactName, said: object): Promise<string> {
    const data = { control_region: this.region, ...said };
    return this.everywhere({ name, key: regionKey(this.region), data });
  }

  private async everywhere({ name, key, data }: OperatorFact): Promise<string> {
    const id = randomUUID();
    const fact = { topic: this.topic, key, id, type: name, source: this.source, data };
    await this.log.publish(this.everyPartition().map((partition) => ({ ...fact, partition })));
    return id;
  }

  everyPartition(): number[] {
    return Array.from({ length: this.config.partitions }, (_none, partition) => partition);
  }
}
