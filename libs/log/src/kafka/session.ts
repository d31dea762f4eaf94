import type { Consumer, EachBatchPayload, Kafka, PartitionAssigner } from 'kafkajs';
import { partitionsIn } from './assigners.ts';
import { type Given, nothingGiven } from './given.ts';
import { KAFKA_LIMITS, within } from './options.ts';
import type { Slot } from './slot.ts';

export interface SessionSettings {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly assigner: PartitionAssigner;
  readonly fetchBytes?: number;
  readonly waitMs?: number;
}

export interface SessionHooks {
  /** Runs inside kafkajs's join, before anything of the new generation is fetched. */
  onJoin(assignment: Record<string, number[]>): void;
  onEachBatch(payload: EachBatchPayload): Promise<void>;
  /** kafkajs fetched something that it hands out nothing of, and goes on behind it. */
  onNothing(given: Given): void;
  /** Looks whether the consumer still moves; may end the session. */
  watch(): Promise<void>;
}

/** One life of a kafkajs consumer: from its first connection until it crashes, or is told to end. */
export class KafkaSession {
  private readonly inner: Consumer;
  private memberId: string | undefined;
  private running = false;
  private joined = false;
  private joinBy = Date.now() + KAFKA_LIMITS.joinMs;
  private finish!: (cause: string) => void;
  private readonly ended = new Promise<string>((resolve) => {
    this.finish = resolve;
  });

  constructor(
    kafka: Kafka,
    private readonly settings: SessionSettings,
    private readonly hooks: SessionHooks,
  ) {
    this.inner = kafka.consumer({
      groupId: settings.groupId,
      partitionAssigners: [settings.assigner],
      allowAutoTopicCreation: false,
      // No transactions here, and with read_committed kafkajs handed out aborted records all the same.
      readUncommitted: true,
      sessionTimeout: KAFKA_LIMITS.sessionTimeoutMs,
      heartbeatInterval: KAFKA_LIMITS.heartbeatIntervalMs,
      rebalanceTimeout: KAFKA_LIMITS.rebalanceTimeoutMs,
      maxWaitTimeInMs: settings.waitMs ?? KAFKA_LIMITS.maxWaitMs,
      minBytes: 1,
      maxBytesPerPartition: settings.fetchBytes ?? KAFKA_LIMITS.bytesPerPartition,
      // A restart of kafkajs's own can hang; a whole new consumer is built instead.
      retry: { initialRetryTime: 20, maxRetryTime: 500, retries: 5, restartOnFailure: async () => false },
    });
    const { GROUP_JOIN, REBALANCING, CRASH, START_BATCH_PROCESS } = this.inner.events;
    this.inner.on(GROUP_JOIN, ({ payload }) => {
      this.joined = true;
      this.joinBy = Number.POSITIVE_INFINITY;
      this.memberId = payload.memberId;
      hooks.onJoin(payload.memberAssignment);
    });
    this.inner.on(REBALANCING, () => {
      this.joined = false;
      this.joinBy = Date.now() + KAFKA_LIMITS.joinMs;
    });
    this.inner.on(START_BATCH_PROCESS, (event) => {
      const given = nothingGiven(event);
      if (given) hooks.onNothing(given);
    });
    this.inner.on(CRASH, ({ payload }) => this.end(`crashed: ${payload.error.message}`));
  }

  end(cause: string): void {
    this.finish(cause);
  }

  /** @returns why it ended. */
  async run(): Promise<string> {
    const watchdog = setInterval(() => {
      if (Date.now() > this.joinBy) this.end('not in its group in time');
      // While it joins it reads nothing; a group waits for members that died until their sessions are over.
      else if (this.joined) void this.hooks.watch().catch(() => undefined);
    }, KAFKA_LIMITS.watchIntervalMs);
    try {
      await this.inner.connect();
      await this.inner.subscribe({ topics: [...this.settings.topics], fromBeginning: true });
      this.running = true;
      const run = this.inner.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: KAFKA_LIMITS.concurrency,
        eachBatch: (payload) => this.hooks.onEachBatch(payload),
      });
      run.catch((error: unknown) => this.end(`could not run: ${String(error)}`));
      return await this.ended;
    } finally {
      clearInterval(watchdog);
      this.running = false;
      await within(this.inner.disconnect(), KAFKA_LIMITS.disconnectMs);
    }
  }

  /** Tells kafkajs where this partition stands; between two generations the next join does. */
  apply(slot: Slot): void {
    if (!this.running) return;
    const { topic, partition } = slot;
    try {
      if (slot.paused || slot.position === undefined) {
        this.inner.pause([{ topic, partitions: [partition] }]);
      } else {
        this.inner.seek({ topic, partition, offset: `${slot.position}` });
        this.inner.resume([{ topic, partitions: [partition] }]);
      }
    } catch {
      // kafkajs has no group yet, or none any more.
    }
  }

  /** Asks the coordinator whether this member has the partition. */
  async holds(topic: string, partition: number): Promise<boolean> {
    const group = await this.inner.describeGroup();
    if (group.state !== 'Stable') return false;
    const member = group.members.find(({ memberId }) => memberId === this.memberId);
    return member !== undefined && partitionsIn(member.memberAssignment, topic).includes(partition);
  }
}
