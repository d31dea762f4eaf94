import type { Consumer, Log, TopicPartition } from '../port.ts';
import { systemLoopClock } from './clock.ts';
import { CommandSender } from './commands.ts';
import type { LoopContext } from './context.ts';
import type { LoopDefinition } from './definition.ts';
import { Ends } from './ends.ts';
import type { ControlLoop, LoopClock, LoopOptions, OwnedPartition } from './handle.ts';
import { LOOP_LIMITS } from './limits.ts';
import { PartitionOwner } from './owner.ts';
import { PartitionReader } from './reader.ts';
import { Turns } from './turns.ts';
import { EndWatch } from './watch.ts';

/**
 * Runs a control loop: one fenced writer for each partition that the group assigns to this process.
 * Resolves once the group has assigned them; `ready()` says when each is owned.
 */
export async function runControlLoop<S, I, M>(
  log: Log,
  definition: LoopDefinition<S, I, M>,
  options: LoopOptions = {},
): Promise<ControlLoop<S>> {
  const loop = new RunningLoop(log, definition, options);
  await loop.start();
  return loop;
}

class RunningLoop<S, I, M> implements ControlLoop<S> {
  private readonly owners = new Map<number, PartitionOwner<S, I, M>>();
  private readonly clock: LoopClock;
  private context!: LoopContext<S, I, M>;
  private watch!: EndWatch<S, I, M>;
  private inputs: Consumer | undefined;
  private gotInputs!: (consumer: Consumer) => void;
  private stopping = false;

  constructor(
    private readonly log: Log,
    private readonly definition: LoopDefinition<S, I, M>,
    private readonly options: LoopOptions,
  ) {
    this.clock = options.clock ?? systemLoopClock;
  }

  async start(): Promise<void> {
    const { log, definition, options } = this;
    const observer = options.observer ?? {};
    this.context = {
      log,
      definition,
      observer,
      clock: this.clock,
      reader: await PartitionReader.open(log, [definition.logTopic, definition.stateTopic]),
      ends: new Ends(log),
      commands: new CommandSender(log, observer),
      turns: new Turns(this.clock),
      partitions: await log.partitionCount(definition.logTopic),
      appendRecords: options.appendRecords ?? LOOP_LIMITS.appendRecords,
      inputs: new Promise<Consumer>((resolve) => {
        this.gotInputs = resolve;
      }),
      poke: () => this.watch.poke(),
    };
    this.watch = new EndWatch(
      this.context,
      () => this.owners.values(),
      options.watchIntervalMs ?? LOOP_LIMITS.watchIntervalMs,
    );
    this.inputs = await log.consumeGroup({
      groupId: definition.groupId,
      topics: definition.inputTopics,
      coPartitioned: true,
      ...(definition.parse && { parse: definition.parse }),
      onAssigned: (partitions) => this.onAssigned(partitions),
      onRevoked: (partitions) => this.onRevoked(partitions),
      startAt: async (topic, partition) => this.owners.get(partition)?.startOf(topic),
      onBatch: async (batch) => this.owners.get(batch.partition)?.onBatch(batch),
    });
    this.gotInputs(this.inputs);
    this.watch.start();
    void this.snapshots();
  }

  ready(): boolean {
    if (!this.inputs || this.stopping) return false;
    return this.partitions().every(({ phase }) => phase === 'owning');
  }

  partitions(): readonly OwnedPartition[] {
    return [...this.owners.values()].map((owner) => owner.status());
  }

  state(key: string): S | undefined {
    const partition = this.log.partitionOf(key, this.context.partitions);
    return this.owners.get(partition)?.aggregates.acknowledged(key);
  }

  wake(predicate: (key: string, state: S) => boolean): void {
    for (const owner of this.owners.values()) owner.wake(predicate);
    this.watch.poke();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.watch.stop();
    // A checkpoint now makes the next owner's restore short; it is no loss if there is none.
    const checkpoints = Promise.all([...this.owners.values()].map((owner) => owner.snapshot()));
    await Promise.race([checkpoints, this.clock.sleep(LOOP_LIMITS.stopMs)]);
    for (const owner of this.owners.values()) owner.end();
    this.owners.clear();
    await this.inputs?.stop();
    await this.context.reader.stop();
  }

  private onAssigned(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) {
      if (this.stopping || this.owners.has(partition)) continue;
      this.owners.set(partition, new PartitionOwner(this.context, partition));
    }
  }

  private onRevoked(partitions: readonly TopicPartition[]): void {
    for (const { partition } of partitions) {
      this.owners.get(partition)?.end();
      this.owners.delete(partition);
    }
  }

  /** Partitions take their turns within the interval, so that their rounds do not pile up. */
  private async snapshots(): Promise<void> {
    const intervalMs = this.options.snapshotIntervalMs ?? LOOP_LIMITS.snapshotIntervalMs;
    while (!this.stopping) {
      const owners = [...this.owners.values()];
      for (const owner of owners) {
        await this.clock.sleep(intervalMs / owners.length);
        if (this.stopping) return;
        await owner.snapshot();
      }
      if (owners.length === 0) await this.clock.sleep(intervalMs);
    }
  }
}
