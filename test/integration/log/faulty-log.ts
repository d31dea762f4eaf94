import type { EncodedRecord, Log } from '#libs/log';

/** What becomes of one append. */
export type AppendFault =
  | 'none'
  /** Rejected; it stands nowhere. */
  | 'lost'
  /** Rejected; it stands. */
  | 'rejected-but-landed'
  /** Its first answer is lost and it is sent again: it stands twice, the second is answered. */
  | 'duplicated'
  /** Rejected; it lands when told so. */
  | 'lands-late';

export interface Append {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly EncodedRecord[];
}

/** A log whose appends go wrong as a test wants it; everything else goes through. */
export class FaultyLog implements Log {
  /** Asked for each append, in order. */
  onAppend: (append: Append) => AppendFault | Promise<AppendFault> = () => 'none';
  /** Told of each append that stands, before its answer is given. */
  onLanded: (append: Append) => void | Promise<void> = () => undefined;
  private readonly late: Append[] = [];
  readonly publish: Log['publish'];
  readonly publishRaw: Log['publishRaw'];
  readonly ensureTopics: Log['ensureTopics'];
  readonly consumeGroup: Log['consumeGroup'];
  readonly tail: Log['tail'];
  readonly endOffsets: Log['endOffsets'];
  readonly partitionCount: Log['partitionCount'];
  readonly partitionOf: Log['partitionOf'];
  readonly close: Log['close'];

  constructor(private readonly inner: Log) {
    this.publish = inner.publish.bind(inner);
    this.publishRaw = inner.publishRaw.bind(inner);
    this.ensureTopics = inner.ensureTopics.bind(inner);
    this.consumeGroup = inner.consumeGroup.bind(inner);
    this.tail = inner.tail.bind(inner);
    this.endOffsets = inner.endOffsets.bind(inner);
    this.partitionCount = inner.partitionCount.bind(inner);
    this.partitionOf = inner.partitionOf.bind(inner);
    this.close = inner.close.bind(inner);
  }

  async append(topic: string, partition: number, records: readonly EncodedRecord[]): Promise<number> {
    const fault = await this.onAppend({ topic, partition, records });
    switch (fault) {
      case 'none': {
        const base = await this.inner.append(topic, partition, records);
        await this.onLanded({ topic, partition, records });
        return base;
      }
      case 'duplicated':
        await this.inner.append(topic, partition, records);
        return this.inner.append(topic, partition, records);
      case 'rejected-but-landed':
        await this.inner.append(topic, partition, records);
        break;
      case 'lands-late':
        this.late.push({ topic, partition, records });
        break;
      case 'lost':
        break;
      default:
        return fault satisfies never;
    }
    throw new Error(`rejected: ${fault}`);
  }

  /** What was held back lands now. */
  async landLate(): Promise<void> {
    for (const { topic, partition, records } of this.late.splice(0)) {
      await this.inner.append(topic, partition, records);
    }
  }
}
