import type { LogObserver } from '../observer.ts';
import type { Log, OutgoingEvent } from '../port.ts';

/**
 * Sends commands without anyone waiting: what arrives while a request is under way leaves together in
 * the next. One that can't be sent in time is counted; its deadline is an input to the decider.
 */
export class CommandSender {
  constructor(
    private readonly log: Log,
    private readonly observer: LogObserver,
  ) {}

  send(commands: readonly OutgoingEvent[]): void {
    if (commands.length === 0) return;
    this.log.publish(commands).then(
      () => this.count(commands, 'commandsSent'),
      (error: unknown) => {
        this.observer.failed?.('send-commands', error);
        this.count(commands, 'commandsUnsent');
      },
    );
  }

  private count(commands: readonly OutgoingEvent[], what: 'commandsSent' | 'commandsUnsent'): void {
    const byTopic = new Map<string, number>();
    for (const { topic } of commands) byTopic.set(topic, (byTopic.get(topic) ?? 0) + 1);
    for (const [topic, records] of byTopic) this.observer[what]?.(topic, records);
  }
}
