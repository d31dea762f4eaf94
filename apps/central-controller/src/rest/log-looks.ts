import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DEAD_LETTER_SUFFIX, TOPIC, TOPIC_SETTINGS, type TopicBase, topicName } from '#libs/contracts';
import { type Log, type LogRecord, type OffsetRange, RangeReader } from '#libs/log';
import type { ControllerConfig } from '../config.ts';
import { CONFIG, LOG } from '../core/tokens.ts';

/** The topics with a dead-letter topic beside them, without their control region's name. */
export const WITH_DEAD_LETTERS = (Object.keys(TOPIC_SETTINGS) as TopicBase[]).filter(
  (base) => TOPIC_SETTINGS[base].deadLetter,
);

/** Looks of the REST calls into the log itself: single records, where the registry only knows their places. */
@Injectable()
export class LogLooks implements OnApplicationShutdown {
  readonly deadLetterTopics: readonly string[];
  private readonly reader: RangeReader;

  constructor(
    @Inject(LOG) private readonly log: Log,
    @Inject(CONFIG) { regions }: ControllerConfig,
  ) {
    const bases = [TOPIC.connectionStatus, TOPIC.controllerEvents];
    const plain = regions.flatMap((region) => bases.map((base) => topicName(region, base)));
    this.deadLetterTopics = regions.flatMap((region) =>
      WITH_DEAD_LETTERS.map((base) => `${topicName(region, base)}${DEAD_LETTER_SUFFIX}`),
    );
    this.reader = new RangeReader(log, { topics: [...plain, ...this.deadLetterTopics] });
  }

  /** @throws LogUnavailable */
  read(ranges: readonly OffsetRange[], limitMs: number, take: (record: LogRecord) => void): Promise<boolean> {
    return this.reader.read(ranges, limitMs, take);
  }

  /** @throws LogUnavailable */
  ends(topic: string) {
    return this.log.endOffsets(topic);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.reader.stop();
  }
}
