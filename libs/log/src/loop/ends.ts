import type { Log, PartitionOffsets } from '../port.ts';

interface Asked {
  readonly answer: Promise<PartitionOffsets[]>;
  begun: boolean;
}

/**
 * High watermarks fetched after the call, one request a topic for all who ask at about the same time: a
 * request that has already begun is not good enough for a new caller.
 */
export class Ends {
  private readonly asked = new Map<string, Asked>();
  private readonly busy = new Map<string, Promise<unknown>>();

  constructor(private readonly log: Log) {}

  fetch(topic: string): Promise<PartitionOffsets[]> {
    const waiting = this.asked.get(topic);
    if (waiting && !waiting.begun) return waiting.answer;
    const before = this.busy.get(topic) ?? Promise.resolve();
    const asked: Asked = {
      begun: false,
      answer: before.then(() => {
        asked.begun = true;
        return this.log.endOffsets(topic);
      }),
    };
    this.asked.set(topic, asked);
    this.busy.set(
      topic,
      asked.answer.catch(() => undefined),
    );
    return asked.answer;
  }

  async of(topic: string, partition: number): Promise<PartitionOffsets> {
    const all = await this.fetch(topic);
    return all.find((one) => one.partition === partition) ?? { partition, low: 0, high: 0 };
  }
}
