import { regionOfTopic } from '#libs/contracts';
import { LogUnavailable, RecordsRefused, WrongTopic } from '../errors.ts';
import { topicsOf } from '../kafka/topics.ts';
import type { LogObserver } from '../observer.ts';
import type { EncodedRecord, Log, PartitionOffsets, TopicPartition } from '../port.ts';
import type { LogTracer } from '../tracing.ts';
import { MemoryGroup } from './group.ts';
import { MemoryLog } from './log.ts';
import { eventLoopScheduler, type MemoryScheduler } from './scheduler.ts';
import { MemoryPartition } from './storage.ts';

/** What becomes of one write request. */
export type WriteFault =
  | 'none'
  /** Rejected; it stands nowhere. */
  | 'lost'
  /** Rejected; it stands. */
  | 'rejected-but-landed'
  /** The first answer is lost and the request sent again: it stands twice, the second is answered. */
  | 'duplicated'
  /** Rejected; it lands when `landLate` is called. */
  | 'lands-late'
  /** Rejected for what it is, at once and each time. */
  | 'refused';

export interface WriteRequest extends TopicPartition {
  readonly client: string;
  readonly records: readonly EncodedRecord[];
  /** An append has one attempt; publish tries again after a rejection. */
  readonly kind: 'append' | 'publish';
}

export interface MemoryBrokerOptions {
  readonly scheduler?: MemoryScheduler;
  /** Records of one fetch; default 500. */
  readonly fetchRecords?: number;
}

/** What a Kafka cluster is to KafkaLogs: the MemoryLogs of one broker see the same topics and groups. */
export class MemoryBroker {
  readonly scheduler: MemoryScheduler;
  readonly fetchRecords: number;
  /** Asked for each write request; absent: no faults. */
  onWrite: ((request: WriteRequest) => WriteFault) | undefined;
  /** False: every request is rejected. */
  available = true;
  private readonly topics = new Map<string, MemoryPartition[]>();
  private readonly groups = new Map<string, MemoryGroup>();
  private readonly frozen = new Map<string, (() => void)[]>();
  private readonly late: WriteRequest[] = [];
  private readonly listeners = new Set<() => void>();

  constructor(options: MemoryBrokerOptions = {}) {
    this.scheduler = options.scheduler ?? eventLoopScheduler;
    this.fetchRecords = options.fetchRecords ?? 500;
  }

  /** A process's connection; the name is what `freeze` and the faults know it by. */
  log(client: string, observer: LogObserver = {}, tracer?: LogTracer): Log {
    return new MemoryLog(this, client, observer, tracer);
  }

  /** Stops a process where it stands, as SIGSTOP does: nothing reaches it until `thaw`. */
  freeze(client: string): void {
    if (!this.frozen.has(client)) this.frozen.set(client, []);
  }

  thaw(client: string): void {
    const waiting = this.frozen.get(client) ?? [];
    this.frozen.delete(client);
    for (const resume of waiting) resume();
  }

  isFrozen(client: string): boolean {
    return this.frozen.has(client);
  }

  /** A group takes a silent member for dead; it joins again when it hears of it. */
  expireSessions(client: string): void {
    for (const group of this.groups.values()) {
      for (const member of group.membersOf(client)) group.leave(member);
    }
  }

  /** Every write that was held back lands now, in the order it was sent. */
  landLate(): void {
    for (const request of this.late.splice(0)) this.land(request);
  }

  compact(topic: string, partition: number, activeFrom?: number): void {
    const found = this.partition(topic, partition);
    found.compact(activeFrom ?? found.high - 1);
  }

  truncateBefore(topic: string, partition: number, offset: number): void {
    this.partition(topic, partition).truncateBefore(offset);
  }

  createTopic(topic: string, partitions: number): void {
    const existing = this.topics.get(topic);
    if (existing && existing.length !== partitions) {
      const wanted = `${partitions} (partition counts never change)`;
      throw new WrongTopic(topic, 'the number of partitions', `${existing.length}`, wanted);
    }
    if (!existing)
      this.topics.set(
        topic,
        Array.from({ length: partitions }, () => new MemoryPartition()),
      );
  }

  createRegion(region: string, partitions: number): void {
    for (const topic of topicsOf(region).keys()) this.createTopic(topic, partitions);
  }

  partition(topic: string, partition: number): MemoryPartition {
    const found = this.topics.get(topic)?.[partition];
    if (!found) throw new LogUnavailable(`there is no ${topic}/${partition}`);
    return found;
  }

  partitionCount(topic: string): number {
    const found = this.topics.get(topic);
    if (!found) throw new LogUnavailable(`there is no topic ${topic} of ${regionOfTopic(topic)}`);
    return found.length;
  }

  endOffsets(topic: string): PartitionOffsets[] {
    if (!this.available) throw new LogUnavailable('the broker is down');
    return Array.from({ length: this.partitionCount(topic) }, (_, partition) => {
      const { low, high } = this.partition(topic, partition);
      return { partition, low, high };
    });
  }

  group(groupId: string, topic: string): MemoryGroup {
    const found = this.groups.get(groupId) ?? new MemoryGroup(this.partitionCount(topic));
    this.groups.set(groupId, found);
    return found;
  }

  /** Resolves when this client is not frozen and its turn has come. */
  async step(client: string, what: string): Promise<void> {
    await this.scheduler.step(client, what);
    for (let waiting = this.frozen.get(client); waiting; waiting = this.frozen.get(client)) {
      const queue = waiting;
      await new Promise<void>((resolve) => queue.push(resolve));
    }
  }

  async sleep(client: string, ms: number): Promise<void> {
    await this.scheduler.sleep(client, ms);
    if (this.frozen.has(client)) await this.step(client, 'wake');
  }

  /** Lets the request land, or not. @returns the base offset it is answered with. @throws when rejected */
  write(request: WriteRequest): number {
    if (!this.available) throw new LogUnavailable('the broker is down');
    const fault = this.onWrite?.(request) ?? 'none';
    switch (fault) {
      case 'none':
        return this.land(request);
      case 'duplicated':
        this.land(request);
        return this.land(request);
      case 'rejected-but-landed':
        this.land(request);
        break;
      case 'lands-late':
        this.late.push(request);
        break;
      case 'lost':
        break;
      case 'refused':
        throw new RecordsRefused('refused for what it is');
      default:
        return fault satisfies never;
    }
    throw new LogUnavailable(`rejected: ${fault}`);
  }

  /** Calls back once, at the next write to anything. */
  onceChanged(listener: () => void): void {
    this.listeners.add(listener);
  }

  notify(): void {
    const listeners = [...this.listeners];
    this.listeners.clear();
    for (const listener of listeners) listener();
  }

  private land(request: WriteRequest): number {
    const base = this.partition(request.topic, request.partition).append(
      request.records,
      this.scheduler.nowMs(),
    );
    this.notify();
    return base;
  }
}
