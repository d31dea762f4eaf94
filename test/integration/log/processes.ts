import { randomUUID } from 'node:crypto';
import { TOPIC, topicName } from '#libs/contracts';
import {
  type ControlLoop,
  type Log,
  type LogObserver,
  type LoopOptions,
  type OutgoingEvent,
  runControlLoop,
} from '#libs/log';
import { waitFor } from '../../support/wait-for.ts';
import { FaultyLog } from './faulty-log.ts';
import { type LedgerDefinition, type LedgerOptions, type LedgerState, ledger, ledgerFact } from './ledger.ts';

export const PARTITIONS = 4;

/** One Kafka cluster, or its twin. */
export interface Cluster {
  /** A new process's connection. */
  connect(client: string, observer?: LogObserver): Log;
  close(): Promise<void>;
}

/** What an observer was told, counted by words. */
export class Counts {
  readonly by = new Map<string, number>();
  readonly observer: LogObserver = {
    ignored: (reason) => this.add(`ignored ${reason}`),
    deadLettered: (_topic, reason) => this.add(`dead-lettered ${reason}`),
    skipped: (_topic, reason) => this.add(`skipped ${reason}`),
    forwarded: () => this.add('forwarded'),
    voided: (_topic, _partition, why) => this.add(`voided ${why}`),
    reclaiming: (_topic, _partition, cause) => this.add(`reclaiming ${cause}`),
    claimed: () => this.add('claimed'),
    rebuilt: () => this.add('rebuilt'),
    checkpointed: () => this.add('checkpointed'),
  };

  of(word: string): number {
    return this.by.get(word) ?? 0;
  }

  private add(word: string): void {
    this.by.set(word, this.of(word) + 1);
  }
}

/** One process with a control loop, whose appends can be made to fail. */
export interface LoopProcess {
  readonly log: FaultyLog;
  readonly loop: ControlLoop<LedgerState>;
  readonly counts: Counts;
  stop(): Promise<void>;
}

export interface ProcessOptions extends LedgerOptions {
  readonly loop?: LoopOptions;
  readonly definition?: Partial<LedgerDefinition>;
}

/** A region of its own for one test, and the processes that the test starts in it. */
export class World {
  readonly region = `t${randomUUID().slice(0, 8)}`;
  readonly log: Log;
  private readonly running = new Set<LoopProcess>();
  private readonly connections = new Set<Log>();
  private started = 0;

  private constructor(private readonly cluster: Cluster) {
    this.log = this.connect();
  }

  static async open(cluster: Cluster): Promise<World> {
    const world = new World(cluster);
    await world.log.ensureTopics(world.region, { partitions: PARTITIONS });
    return world;
  }

  connect(observer?: LogObserver): Log {
    this.started += 1;
    const log = this.cluster.connect(`${this.region}-${this.started}`, observer);
    this.connections.add(log);
    return log;
  }

  topic(base: keyof typeof TOPIC): string {
    return topicName(this.region, TOPIC[base]);
  }

  fact(key: string, amount: number, more: Partial<OutgoingEvent> = {}): OutgoingEvent {
    return ledgerFact(this.region, key, { amount }, more);
  }

  /** Facts of several keys; the sum of key `k<i>` is known to who asks. */
  async publishMany(count: number, keys: number): Promise<Map<string, number>> {
    const sums = new Map<string, number>();
    const events: OutgoingEvent[] = [];
    for (let n = 0; n < count; n += 1) {
      const key = `k${n % keys}`;
      sums.set(key, (sums.get(key) ?? 0) + n);
      events.push(this.fact(key, n));
    }
    await this.log.publish(events);
    return sums;
  }

  async startLoop(options: ProcessOptions = {}): Promise<LoopProcess> {
    const process = await this.startUnready(options);
    await waitFor(() => process.loop.ready(), { what: 'the loop to own its partitions' });
    return process;
  }

  async startUnready(options: ProcessOptions = {}): Promise<LoopProcess> {
    const counts = new Counts();
    const log = new FaultyLog(this.connect(counts.observer));
    const { loop: loopOptions, definition, ...ledgerOptions } = options;
    const loop = await runControlLoop(
      log,
      { ...ledger(this.region, ledgerOptions), ...definition },
      { watchIntervalMs: 50, snapshotIntervalMs: 60_000, ...loopOptions, observer: counts.observer },
    );
    const process: LoopProcess = {
      log,
      loop,
      counts,
      stop: async () => {
        this.running.delete(process);
        await loop.stop();
        await log.close();
      },
    };
    this.running.add(process);
    return process;
  }

  /** Waits until the loops together hold these sums. */
  async untilSums(sums: ReadonlyMap<string, number>, withinMs = 60_000): Promise<void> {
    await waitFor(
      () => {
        const held = [...sums].map(([key]) => [key, this.sumOf(key)]);
        if (JSON.stringify(held) === JSON.stringify([...sums])) return true;
        throw new Error(`held: ${JSON.stringify(held)}, wanted: ${JSON.stringify([...sums])}`);
      },
      { withinMs, what: 'the sums' },
    );
  }

  private sumOf(key: string): number | undefined {
    for (const { loop } of this.running) {
      const state = loop.state(key);
      if (state) return state.sum;
    }
    return undefined;
  }

  async close(): Promise<void> {
    for (const process of [...this.running]) await process.stop();
    for (const log of this.connections) await log.close();
  }
}
