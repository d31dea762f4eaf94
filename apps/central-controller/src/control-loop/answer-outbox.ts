import type { Log, OutgoingEvent } from '#libs/log';
import type { Logger } from '#libs/platform';
import { PEER_LIMITS } from '../failover/limits.ts';

/**
 * Publishes facts in the order they came, many with one request; what comes while a request is under way leaves
 * with the next. What Kafka does not take is dropped: the links that wait for it go on at their due time.
 */
export class AnswerOutbox {
  private queue: OutgoingEvent[] = [];
  private sending: Promise<void> | undefined;

  constructor(
    private readonly log: Log,
    private readonly logger: Logger,
  ) {}

  add(fact: OutgoingEvent): void {
    if (this.queue.length >= PEER_LIMITS.unpublishedAnswers) {
      this.logger.warn({ key: fact.key }, 'an answer of a peer was dropped: too many wait to be published');
      return;
    }
    this.queue.push(fact);
    this.sending ??= this.send().finally(() => {
      this.sending = undefined;
    });
  }

  /** Resolves when nothing waits any more. */
  async flushed(): Promise<void> {
    await this.sending;
  }

  private async send(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.splice(0, PEER_LIMITS.answersPerPublish);
      await this.publish(batch);
    }
  }

  private async publish(batch: readonly OutgoingEvent[]): Promise<void> {
    for (let attempt = 1; attempt <= PEER_LIMITS.publishTries; attempt += 1) {
      try {
        await this.log.publish(batch);
        return;
      } catch (error) {
        this.logger.warn(
          { err: error, facts: batch.length, attempt },
          'answers of peers could not be published',
        );
      }
    }
  }
}
