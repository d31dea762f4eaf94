import { type DecodeOptions, decodeRecord } from '../codec/decode.ts';
import type { LogObserver } from '../observer.ts';
import type { Batch, Consumer, TopicPartition } from '../port.ts';
import type { MemoryBroker } from './broker.ts';
import type { GroupMember } from './group.ts';

export interface MemoryConsumerSettings {
  readonly client: string;
  readonly topics: readonly string[];
  /** Absent: a tail, which has what `partitions` says, always. */
  readonly groupId?: string;
  readonly partitions?: (topic: string) => readonly number[];
  readonly decode: DecodeOptions;
  readonly startsPaused: boolean;
  startOf(topic: string, partition: number): Promise<number | undefined>;
  onAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>;
  onRevoked?(partitions: readonly TopicPartition[]): void;
  onBatch(batch: Batch): Promise<void>;
}

interface Slot extends TopicPartition {
  position: number | undefined;
  paused: boolean;
  generation: number;
  running: boolean;
  busy: boolean;
}

const REDELIVER_MS = 20;

/** The twin of KafkaConsumer: the same promises, without a network. */
export class MemoryConsumer implements Consumer, GroupMember {
  private readonly slots = new Map<string, Slot>();
  private stopped = false;
  private joined: (() => void) | undefined;
  private latest: readonly number[] = [];

  constructor(
    private readonly broker: MemoryBroker,
    private readonly observer: LogObserver,
    private readonly settings: MemoryConsumerSettings,
  ) {}

  get client(): string {
    return this.settings.client;
  }

  get topics(): readonly string[] {
    return this.settings.topics;
  }

  async start(): Promise<void> {
    await this.broker.step(this.client, 'join');
    if (this.settings.groupId === undefined) {
      for (const topic of this.topics) {
        const count = this.broker.partitionCount(topic);
        const all = Array.from({ length: count }, (_, partition) => partition);
        for (const partition of this.settings.partitions?.(topic) ?? all) this.add(topic, partition);
      }
      await this.begin([...this.slots.values()]);
    } else {
      await this.joinGroup(this.settings.groupId);
    }
  }

  private joinGroup(groupId: string): Promise<void> {
    for (const topic of this.topics) this.broker.group(groupId, topic);
    this.group?.join(this);
    return new Promise((resolve) => {
      this.joined = resolve;
    });
  }

  private get group() {
    const [topic] = this.topics;
    if (this.settings.groupId === undefined || topic === undefined) return undefined;
    return this.broker.group(this.settings.groupId, topic);
  }

  /** The group's word; it reaches the process when its turn has come, and then the latest one holds. */
  assigned(partitions: readonly number[]): void {
    this.latest = partitions;
    void this.broker.step(this.client, 'assignment').then(() => {
      if (!this.stopped) this.apply(this.latest);
    });
  }

  assignment(): readonly TopicPartition[] {
    return [...this.slots.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  position(topic: string, partition: number): number | undefined {
    return this.slots.get(`${topic}/${partition}`)?.position;
  }

  seek(topic: string, partition: number, offset: number): void {
    const slot = this.slots.get(`${topic}/${partition}`);
    if (!slot) return;
    slot.generation += 1;
    slot.position = offset;
    slot.paused = false;
    this.run(slot);
    this.broker.notify();
  }

  pause(topic: string, partition: number): void {
    const slot = this.slots.get(`${topic}/${partition}`);
    if (!slot || slot.paused) return;
    slot.generation += 1;
    slot.paused = true;
  }

  async confirm(_topic: string, partition: number): Promise<boolean> {
    await this.broker.step(this.client, 'confirm');
    const { group } = this;
    if (!group) return true;
    if (!this.broker.available) throw new Error('the broker is down');
    const holds = group.has(this, partition);
    // A member that was taken for dead hears of it by asking, and joins again.
    if (!holds && group.membersOf(this.client).length === 0 && !this.stopped) {
      this.apply([]);
      group.join(this);
    }
    await this.broker.step(this.client, 'confirmed');
    return holds;
  }

  async caughtUp(): Promise<void> {
    await this.broker.step(this.client, 'ends');
    for (const slot of [...this.slots.values()]) {
      const { high } = this.broker.partition(slot.topic, slot.partition);
      const behind = () => this.slots.has(keyOf(slot)) && !slot.paused && (slot.position ?? -1) < high;
      while (!this.stopped && behind()) await this.broker.step(this.client, 'caught-up');
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.group?.leave(this);
    this.slots.clear();
    this.broker.notify();
    await this.broker.step(this.client, 'stop');
  }

  private add(topic: string, partition: number): Slot {
    const slot: Slot = {
      topic,
      partition,
      position: undefined,
      paused: this.settings.startsPaused,
      generation: 0,
      running: false,
      busy: false,
    };
    this.slots.set(keyOf(slot), slot);
    return slot;
  }

  private apply(partitions: readonly number[]): void {
    const gone = [...this.slots.values()].filter(({ partition }) => !partitions.includes(partition));
    for (const slot of gone) this.slots.delete(keyOf(slot));
    if (gone.length > 0) this.settings.onRevoked?.(gone);
    const added: Slot[] = [];
    for (const topic of this.topics) {
      for (const partition of partitions) {
        if (!this.slots.has(`${topic}/${partition}`)) added.push(this.add(topic, partition));
      }
    }
    void this.begin(added);
    this.joined?.();
  }

  private async begin(added: readonly Slot[]): Promise<void> {
    if (added.length > 0) await this.settings.onAssigned?.(added);
    const starts = added.map(async (slot) => {
      const { generation } = slot;
      const start = await this.settings.startOf(slot.topic, slot.partition);
      const still = this.slots.get(keyOf(slot)) === slot && slot.generation === generation;
      if (start !== undefined && still && !slot.paused) this.seek(slot.topic, slot.partition, start);
    });
    // A tail knows its start at once; a group's member may be told much later.
    if (this.settings.groupId === undefined) await Promise.all(starts);
  }

  private run(slot: Slot): void {
    if (slot.running) return;
    slot.running = true;
    void this.deliver(slot).finally(() => {
      slot.running = false;
    });
  }

  private async deliver(slot: Slot): Promise<void> {
    const alive = () => !this.stopped && this.slots.get(keyOf(slot)) === slot;
    while (alive()) {
      const { position } = slot;
      if (position === undefined || slot.paused || position >= this.highOf(slot)) {
        await new Promise<void>((resolve) => this.broker.onceChanged(resolve));
        continue;
      }
      await this.broker.step(this.client, 'fetch');
      if (!this.broker.available) await this.broker.sleep(this.client, REDELIVER_MS);
      if (!alive() || slot.paused || slot.position === undefined || !this.broker.available) continue;
      await this.give(slot, slot.position);
    }
  }

  private highOf(slot: Slot): number {
    return this.broker.partition(slot.topic, slot.partition).high;
  }

  private async give(slot: Slot, from: number): Promise<void> {
    const { topic, partition, generation } = slot;
    const stored = this.broker.partition(topic, partition);
    const fetchedOffset = Math.max(from, stored.low);
    const found = stored.read(fetchedOffset, this.broker.fetchRecords);
    const last = found.at(-1);
    const batch: Batch = {
      topic,
      partition,
      records: found.map((record) =>
        decodeRecord({ topic, partition, offset: record.offset }, record, this.settings.decode),
      ),
      fetchedOffset,
      nextOffset: last ? last.offset + 1 : stored.high,
      highWatermark: stored.high,
      heartbeat: async () => undefined,
    };
    await this.broker.step(this.client, 'batch');
    if (slot.generation !== generation || this.stopped) return;
    try {
      await this.settings.onBatch(batch);
      if (slot.generation === generation) slot.position = batch.nextOffset;
    } catch (error) {
      this.observer.failed?.('handler', error, keyOf(slot));
      await this.broker.sleep(this.client, REDELIVER_MS);
    }
  }
}

function keyOf(at: TopicPartition): string {
  return `${at.topic}/${at.partition}`;
}
