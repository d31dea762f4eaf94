import { TOPIC, topicName } from '#libs/contracts';
import { type ControlLoop, type Log, MemoryBroker, runControlLoop, type WriteFault } from '#libs/log';
import { encodeEvent } from '../../../../libs/log/src/codec/encode.ts';
import { type LedgerDefinition, type LedgerState, ledger, ledgerFact } from '../ledger.ts';
import { Counts } from '../processes.ts';
import { Broken, type Folded, holds, type Topics } from './oracle.ts';
import { Dice, SimScheduler } from './sim-scheduler.ts';

const REGION = 'sim';
/** Facts come from two regions, so that two owners may see them in another order. */
const REGIONS = [REGION, 'other'];
const KEYS = ['a', 'b', 'c'];
const FAULTS: readonly WriteFault[] = [
  'lost',
  'rejected-but-landed',
  'duplicated',
  'lands-late',
  'lands-late',
];
/** Processes alive at a time. */
const PROCESSES = 2;

export interface ScheduleOptions {
  /** Steps with trouble; afterwards everything works until all is handled. */
  readonly steps: number;
  /** What stands between the loop and the log: for taking a rule away. */
  readonly wrap?: (log: Log) => Log;
  readonly definition?: Partial<LedgerDefinition>;
  /** The loop's states do not keep which inputs they have handled. */
  readonly forgetful?: boolean;
}

interface Process {
  readonly name: string;
  loop: ControlLoop<LedgerState> | undefined;
  frozen: boolean;
}

/** One random life of a region with one partition: pauses, crashes, zombies, late appends, compaction. */
export class Schedule {
  private readonly dice: Dice;
  private readonly scheduler: SimScheduler;
  private readonly broker: MemoryBroker;
  private readonly topics: Topics = {
    facts: REGIONS.map((region) => topicName(region, TOPIC.connectionStatus)),
    log: topicName(REGION, TOPIC.controllerEvents),
    commands: topicName(REGION, TOPIC.failoverCommands),
  };
  private processes: Process[] = [];
  private started = 0;
  private facts = 0;
  private calm = false;
  private readonly afterOpen = new Set<string>();
  /** What the loops met, to show that the schedules reach it. */
  readonly counts = new Counts();

  constructor(
    seed: number,
    private readonly options: ScheduleOptions,
  ) {
    this.dice = new Dice(seed);
    this.scheduler = new SimScheduler(this.dice);
    this.broker = new MemoryBroker({ scheduler: this.scheduler, fetchRecords: 4 });
    for (const region of REGIONS) this.broker.createRegion(region, 1);
    this.broker.onWrite = ({ kind }) => {
      if (this.calm || kind !== 'append' || !this.dice.chance(0.06)) return 'none';
      return this.dice.pick(FAULTS) ?? 'none';
    };
  }

  /** @throws Broken */
  async run(): Promise<void> {
    for (let step = 0; step < this.options.steps; step += 1) {
      if (this.dice.chance(0.12)) this.trouble();
      await this.scheduler.runOne();
      if (step % 50 === 0) this.look();
    }
    await this.settle();
  }

  /** Everything works from now on: what was held back lands, and every fact must come to be handled. */
  private async settle(): Promise<void> {
    this.calm = true;
    for (const process of this.processes) this.thaw(process);
    this.broker.landLate();
    this.spawn();
    for (let step = 0; step < 20_000; step += 1) {
      await this.scheduler.runOne();
      if (step % 100 === 0 && this.isDone()) return;
    }
    const { unhandled, uncommanded } = this.look();
    if (unhandled > 0) throw new Broken('every fact is handled', `${unhandled} are not`);
    if (uncommanded.length > 0) throw new Broken('every command is sent', `${uncommanded}`);
    throw new Broken('an owner holds what the log says', this.differences());
  }

  private isDone(): boolean {
    const { unhandled, uncommanded } = this.look();
    return unhandled === 0 && uncommanded.length === 0 && this.differences() === '';
  }

  private differences(): string {
    const { states } = this.look();
    const owner = this.processes.find(({ loop }) =>
      loop?.partitions().some(({ phase }) => phase === 'owning'),
    );
    if (!owner?.loop) {
      const why = this.processes.flatMap(({ loop }) =>
        loop?.partitions().map((one) => one.failure ?? one.phase),
      );
      return `nobody owns: ${why}`;
    }
    for (const [key, { version, sum }] of states) {
      const held = owner.loop.state(key);
      if (held?.version !== version || held.sum !== sum || held.steps !== version) {
        return `${key}: ${JSON.stringify(held)}, the log: ${version} ${sum}`;
      }
    }
    return '';
  }

  private trouble(): void {
    const process = this.dice.pick(this.processes);
    const roll = this.dice.below(100);
    if (roll < 45) this.publish();
    else if (roll < 55) this.freeze(process);
    else if (roll < 65) this.thaw(process);
    else if (roll < 72) this.broker.expireSessions(process?.name ?? '');
    else if (roll < 80) this.broker.landLate();
    else if (roll < 88) this.compact();
    else if (roll < 91) this.crash(process);
    else if (roll < 94) this.scheduler.pass(this.dice.below(7_000));
    if (this.processes.length < PROCESSES) this.spawn();
  }

  private look(): Folded {
    return holds(this.broker, this.topics, this.afterOpen);
  }

  private publish(): void {
    this.facts += 1;
    const id = `fact-${this.facts}`;
    const key = this.dice.pick(KEYS) ?? 'a';
    const roll = this.dice.next();
    const more = roll < 0.1 ? { open: true } : roll < 0.6 ? { needs_open: true } : {};
    if (this.look().states.get(key)?.open) this.afterOpen.add(id);
    const region = this.dice.pick(REGIONS) ?? REGION;
    const fact = ledgerFact(region, key, { amount: this.facts, ...more }, { id });
    const records = [encodeEvent(fact, 0, this.scheduler.nowMs())];
    this.broker.write({ client: 'outside', topic: fact.topic, partition: 0, records, kind: 'publish' });
  }

  private freeze(process: Process | undefined): void {
    if (!process || process.frozen) return;
    process.frozen = true;
    this.broker.freeze(process.name);
  }

  private thaw(process: Process | undefined): void {
    if (!process?.frozen) return;
    process.frozen = false;
    this.broker.thaw(process.name);
  }

  private crash(process: Process | undefined): void {
    if (!process) return;
    this.scheduler.kill(process.name);
    this.broker.expireSessions(process.name);
    this.processes = this.processes.filter((one) => one !== process);
  }

  private compact(): void {
    const topic = topicName(REGION, TOPIC.connectionState);
    const { high } = this.broker.partition(topic, 0);
    this.broker.compact(topic, 0, Math.max(0, high - 1 - this.dice.below(4)));
  }

  private spawn(): void {
    this.started += 1;
    const process: Process = { name: `p${this.started}`, loop: undefined, frozen: false };
    this.processes.push(process);
    const log = this.broker.log(process.name);
    const clock = {
      nowMs: () => this.scheduler.nowMs(),
      sleep: (ms: number) => this.broker.sleep(process.name, ms),
    };
    const options = { clock, snapshotIntervalMs: 300, watchIntervalMs: 100, observer: this.counts.observer };
    void runControlLoop(this.options.wrap?.(log) ?? log, this.definition(), options).then((loop) => {
      process.loop = loop;
    });
  }

  private definition(): LedgerDefinition {
    const definition = ledger(REGION, { regions: REGIONS });
    const { evolve } = definition;
    return {
      ...definition,
      ...this.options.definition,
      ...(this.options.forgetful && {
        evolve: (state, decision) => ({ ...evolve(state, decision), handled: {} }),
      }),
    };
  }
}
