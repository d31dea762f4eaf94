import type { EachBatchPayload } from 'kafkajs';
import { decodeRecord } from '../codec/decode.ts';
import type { Consumer, TopicPartition } from '../port.ts';
import type { ConsumerContext, ConsumerSettings } from './consumer-settings.ts';
import { type Given, givenBy } from './given.ts';
import { rawOf } from './messages.ts';
import { KAFKA_LIMITS, sleep } from './options.ts';
import { KafkaSession } from './session.ts';
import { newSlot, type Slot, slotKey, stallOf } from './slot.ts';

/**
 * A consumer that lives as long as it is wanted: the kafkajs consumer beneath is built anew when it
 * crashes, loses its group for good or stands still while records wait. Positions are kept here; nothing
 * is committed, and what the group would make of them after a rebalance is overruled by a seek.
 */
export class KafkaConsumer implements Consumer {
  private readonly slots = new Map<string, Slot>();
  private readonly waiters = new Set<() => void>();
  private session: KafkaSession | undefined;
  private stopped = false;
  private readonly life: Promise<void>;
  private joined!: () => void;
  /** Resolves at the first assignment. */
  readonly ready = new Promise<void>((resolve) => {
    this.joined = resolve;
  });

  constructor(
    private readonly context: ConsumerContext,
    private readonly settings: ConsumerSettings,
  ) {
    this.life = this.live();
  }

  assignment(): readonly TopicPartition[] {
    return [...this.slots.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  position(topic: string, partition: number): number | undefined {
    return this.slots.get(slotKey(topic, partition))?.position;
  }

  seek(topic: string, partition: number, offset: number): void {
    const slot = this.slots.get(slotKey(topic, partition));
    if (!slot) return;
    slot.generation += 1;
    slot.position = offset;
    slot.paused = false;
    slot.movedAtMs = Date.now();
    this.session?.apply(slot);
    this.moved();
  }

  pause(topic: string, partition: number): void {
    const slot = this.slots.get(slotKey(topic, partition));
    if (!slot || slot.paused) return;
    slot.generation += 1;
    slot.paused = true;
    this.session?.apply(slot);
  }

  async confirm(topic: string, partition: number): Promise<boolean> {
    return (await this.session?.holds(topic, partition)) ?? false;
  }

  async caughtUp(): Promise<void> {
    const ends = await this.ends(this.context.endOffsets);
    for (const slot of this.slots.values()) {
      const key = slotKey(slot.topic, slot.partition);
      const high = ends.get(key) ?? 0;
      const behind = () => !slot.paused && (slot.position ?? -1) < high;
      while (!this.stopped && this.slots.get(key) === slot && behind()) {
        await new Promise<void>((resolve) => this.waiters.add(resolve));
      }
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.session?.end('stopped');
    this.moved();
    await this.life;
    this.forgetLag(this.slots.values());
  }

  private async live(): Promise<void> {
    let pauseMs: number = KAFKA_LIMITS.rebuildMs;
    while (!this.stopped) {
      const startedAt = Date.now();
      const cause = await this.oneSession().catch((error: unknown) => {
        this.context.observer.failed?.('consumer', error, this.settings.groupId);
        return String(error);
      });
      if (this.stopped) break;
      this.context.observer.rebuilt?.(this.settings.groupId, cause);
      if (Date.now() - startedAt > 10 * KAFKA_LIMITS.rebuildMaxMs) pauseMs = KAFKA_LIMITS.rebuildMs;
      await sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, KAFKA_LIMITS.rebuildMaxMs);
    }
    this.joined();
  }

  /** One life of a kafkajs consumer. @returns why it ended. */
  private async oneSession(): Promise<string> {
    this.session = new KafkaSession(this.context.kafka, this.settings, {
      onJoin: (assignment) => this.onJoin(assignment),
      onEachBatch: (payload) => this.onEachBatch(payload),
      onNothing: (given) => this.onNothing(given),
      watch: () => this.watch(),
    });
    try {
      return await this.session.run();
    } finally {
      this.session = undefined;
    }
  }

  /** Runs inside kafkajs's join, before anything of the new generation is fetched. */
  private onJoin(assignment: Record<string, number[]>): void {
    const now = new Set<string>();
    const added: Slot[] = [];
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const key = slotKey(topic, partition);
        now.add(key);
        let slot = this.slots.get(key);
        if (!slot) {
          slot = newSlot(topic, partition, this.settings.startsPaused);
          this.slots.set(key, slot);
          added.push(slot);
        }
        slot.movedAtMs = Date.now();
        this.session?.apply(slot);
      }
    }
    const gone = [...this.slots].filter(([key]) => !now.has(key)).map(([, slot]) => slot);
    for (const slot of gone) this.slots.delete(slotKey(slot.topic, slot.partition));
    this.forgetLag(gone);
    if (gone.length > 0) this.settings.onRevoked?.(gone);
    void this.begin(added).catch((error: unknown) => {
      this.context.observer.failed?.('consumer-start', error, this.settings.groupId);
      for (const slot of added) this.slots.delete(slotKey(slot.topic, slot.partition));
      this.session?.end('could not find where to begin');
    });
    this.joined();
    this.moved();
  }

  private async begin(added: readonly Slot[]): Promise<void> {
    if (added.length > 0) await this.settings.onAssigned?.(added);
    await Promise.all(
      added.map(async (slot) => {
        const { generation } = slot;
        const start = await this.settings.startOf(slot.topic, slot.partition);
        const still = this.slots.get(slotKey(slot.topic, slot.partition)) === slot;
        if (start !== undefined && still && slot.generation === generation) {
          this.seek(slot.topic, slot.partition, start);
        }
      }),
    );
  }

  private async onEachBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition } = payload.batch;
    const slot = this.slots.get(slotKey(topic, partition));
    if (!slot || slot.paused || slot.position === undefined || payload.isStale()) return;
    const { generation } = slot;
    const handled = this.handle(slot, givenBy(payload));
    let timer: NodeJS.Timeout | undefined;
    const lost = new Promise<never>((_resolve, reject) => {
      timer = setInterval(() => void payload.heartbeat().catch(reject), KAFKA_LIMITS.heartbeatIntervalMs);
    });
    try {
      // A rebalance does not wait for the handler: the log's own fence keeps what it still does from counting.
      await Promise.race([handled, lost]);
    } finally {
      clearInterval(timer);
      lost.catch(() => undefined);
    }
    if (slot.generation === generation && slot.position !== undefined) {
      payload.resolveOffset(`${slot.position - 1}`);
    }
  }

  /** kafkajs moves on without a word to the handler; the position has to move as well. */
  private onNothing(given: Given): void {
    const slot = this.slots.get(slotKey(given.topic, given.partition));
    if (slot) void this.handle(slot, given);
  }

  private async handle(slot: Slot, given: Given): Promise<void> {
    // After a rebalance the batch before may still be in its handler's hands.
    while (slot.busy) await slot.busy;
    const { generation } = slot;
    const { fetchedOffset, nextOffset } = given;
    if (slot.paused || slot.position === undefined || given.isStale()) return;
    if (fetchedOffset !== slot.position && this.isStale(slot, fetchedOffset, given.firstOffset)) return;
    const handling = (async () => {
      try {
        await this.settings.onBatch({
          topic: slot.topic,
          partition: slot.partition,
          records: given.messages.map((message) =>
            decodeRecord(
              { topic: slot.topic, partition: slot.partition, offset: Number(message.offset) },
              rawOf(message),
              this.settings.decode,
            ),
          ),
          fetchedOffset,
          nextOffset,
          highWatermark: given.highWatermark,
          heartbeat: () => given.heartbeat(),
        });
        if (slot.generation === generation) slot.position = nextOffset;
      } catch (error) {
        this.context.observer.failed?.('handler', error, slotKey(slot.topic, slot.partition));
        await sleep(KAFKA_LIMITS.redeliverMs);
      }
    })();
    slot.busy = handling;
    slot.movedAtMs = Date.now();
    await handling;
    slot.busy = undefined;
    slot.movedAtMs = Date.now();
    this.moved();
  }

  /**
   * kafkajs gave another offset than the one asked for: either it fetched before it heard of a rebalance
   * or a seek, or the position was outside what is kept and it went to the earliest. The first is told
   * again; the second stands.
   */
  private isStale(slot: Slot, fetchedOffset: number, first: string | null): boolean {
    const low = this.lows.get(slotKey(slot.topic, slot.partition));
    if (low !== undefined && fetchedOffset <= low && Number(first) >= low) return false;
    this.session?.apply(slot);
    void this.ends().catch(() => undefined);
    return true;
  }

  private readonly lows = new Map<string, number>();

  private async ends(ask = this.context.endsNow): Promise<Map<string, number>> {
    const highs = new Map<string, number>();
    for (const topic of this.settings.topics) {
      for (const { partition, low, high } of await ask(topic)) {
        highs.set(slotKey(topic, partition), high);
        this.lows.set(slotKey(topic, partition), low);
      }
    }
    return highs;
  }

  private async watch(): Promise<void> {
    let highs: Map<string, number> | undefined;
    try {
      highs = await this.ends();
    } catch {
      // Kafka does not answer, so standing still says nothing about this consumer.
    }
    const highOf = (slot: Slot) => highs?.get(slotKey(slot.topic, slot.partition));
    if (this.settings.reportLag && highs && !this.stopped) {
      for (const slot of this.slots.values()) {
        const lag = (highOf(slot) ?? 0) - (slot.position ?? 0);
        this.context.observer.lag?.(this.settings.groupId, slot.topic, slot.partition, Math.max(0, lag));
      }
    }
    const stall = stallOf(this.slots.values(), highOf, Date.now(), {
      stallMs: this.settings.stallMs,
      handlerStallMs: KAFKA_LIMITS.handlerStallMs,
    });
    if (stall) this.session?.end(`stands still: ${stall}`);
  }

  private forgetLag(slots: Iterable<TopicPartition>): void {
    if (!this.settings.reportLag) return;
    for (const { topic, partition } of slots) {
      this.context.observer.lag?.(this.settings.groupId, topic, partition, undefined);
    }
  }

  private moved(): void {
    for (const wake of this.waiters) wake();
    this.waiters.clear();
  }
}
