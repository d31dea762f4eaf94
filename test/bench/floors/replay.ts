import type { Kafka, Message, Producer } from 'kafkajs';
import { readAll } from '../kafka.ts';

/** Bytes of one request: brokers take a batch of 1 MiB. */
const BYTES_PER_SEND = 512 * 1024;

/** Records of a topic by partition, ready to be sent again. */
export async function recorded(
  kafka: Kafka,
  topic: string,
  partitions: number,
  isWanted: (record: { readonly id: string; readonly type: string; readonly key: string }) => boolean,
): Promise<Message[][]> {
  const found: Message[][] = Array.from({ length: partitions }, () => []);
  await readAll(kafka, topic, (records) => {
    for (const { partition, key, value, headers } of records) {
      const record = { id: String(headers?.ce_id), type: String(headers?.ce_type), key: String(key) };
      if (isWanted(record))
        found[partition]?.push({
          key,
          value,
          partition,
          headers: headers as NonNullable<Message['headers']>,
        });
    }
  });
  return found;
}

export interface Recorded {
  /** By partition. */
  readonly decisions: readonly (readonly Message[])[];
  readonly commands: readonly Message[];
  readonly commandsPerFact: number;
}

/** Writes for each fact the decision and the commands that the control loop wrote for the fact at its place. */
export class Replay {
  private handled = 0;
  private readonly taken: number[] = [];

  constructor(
    private readonly producer: Producer,
    private readonly recorded: Recorded,
    private readonly to: { readonly decisions: string; readonly commands: string },
  ) {}

  /** @param written told after each pair of requests how many facts it was for. */
  async handle(partition: number, facts: number, written: (facts: number) => void): Promise<void> {
    const { commands, commandsPerFact } = this.recorded;
    for (let left = facts; left > 0; ) {
      const at = this.taken[partition] ?? 0;
      const decided = this.recorded.decisions[partition]?.slice(at, at + left) ?? [];
      const count = decided.length === 0 ? left : fitting(decided);
      this.taken[partition] = at + count;
      const firstCommand = Math.round(this.handled * commandsPerFact);
      this.handled += count;
      const toCommand = commands.slice(firstCommand, Math.round(this.handled * commandsPerFact));
      if (decided.length > 0) await this.send(this.to.decisions, decided.slice(0, count));
      if (toCommand.length > 0) await this.send(this.to.commands, toCommand);
      written(count);
      left -= count;
    }
  }

  private async send(topic: string, messages: Message[]): Promise<void> {
    await this.producer.send({ topic, acks: -1, messages });
  }
}

/** How many of these fit in one request. */
function fitting(messages: readonly Message[]): number {
  let bytes = 0;
  const over = messages.findIndex(({ value }) => {
    bytes += value?.length ?? 0;
    return bytes > BYTES_PER_SEND;
  });
  return over < 1 ? messages.length : over;
}
