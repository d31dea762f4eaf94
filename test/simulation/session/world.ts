import type { BrokerCommand } from '#libs/contracts';
import { session } from '#libs/domain';
import { SessionScenario, sessionLine } from '../../../libs/domain/testing/session.ts';
import { Random } from '../random.ts';
import { ModelBroker } from './broker.ts';
import { ModelEndpoint } from './endpoint.ts';
import { type Role, Wire } from './wire.ts';

const AMERICAN = ['us-1', 'us-2'];
const INDIAN = ['in-3', 'in-4'];
/** Longer than an endpoint waits for an answer, shorter than it takes to be forgotten. */
const FREEZE_MS = 5_000;
const CUT_OFF_MS = 700;

/** One session that stands, its brokers and its ends, in virtual time: whatever may happen next happens in any order. */
export class SessionSimulation {
  readonly random: Random;
  readonly scenario = new SessionScenario();
  readonly brokers: readonly ModelBroker[];
  readonly ends: readonly ModelEndpoint[];
  wires: Wire[] = [];
  /** What happened, a line each. */
  readonly trace: string[] = [];
  /** Relays whose end was told. */
  relaysEnded = 0;
  isHangUpHeard = false;
  private readonly commandIds = new Set<string>();
  private silent: { readonly atMs: number; readonly run: () => void }[] = [];
  private issued = 0;
  private names = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.brokers = [...AMERICAN, ...INDIAN].map((id) => new ModelBroker(id, this));
    for (const broker of this.brokers) this.report(broker);
    this.ends = [
      new ModelEndpoint('controller', this, [...AMERICAN, ...INDIAN]),
      new ModelEndpoint('target', this, [...INDIAN, ...AMERICAN]),
    ];
    this.scenario.open('in-3');
    this.issued = this.scenario.decisions.length;
    const { controller, target } = this.scenario.state ?? {};
    if (controller === undefined || target === undefined) throw new Error('the session does not stand');
    const broker = this.broker('in-3');
    const [ann, bob] = this.ends.map((end) => {
      end.active = this.connect(end, broker);
      const id = (end.role === 'target' ? target : controller).attachment_id;
      return broker.leg(end.active, end.role, { id, held: end.role === 'target' });
    });
    if (ann && bob) broker.splice(1, ann, bob);
  }

  get nowMs(): number {
    return this.scenario.nowMs;
  }

  get connectionId(): string {
    return this.scenario.id;
  }

  get isOver(): boolean {
    const { state } = this.scenario;
    return state === undefined || session.isClosed(state);
  }

  /** Both ends are on one relay, the one that the rules know of, and no other stands. */
  get isTogether(): boolean {
    const { phase, placement } = this.scenario.state ?? {};
    if (phase !== 'open' || placement === undefined) return false;
    const standing = this.brokers.filter(({ relay }) => relay !== undefined);
    const [broker] = standing;
    const { relay } = broker ?? {};
    if (standing.length !== 1 || relay?.epoch !== placement.epoch || broker?.id !== placement.broker_id)
      return false;
    const active = this.ends.map((end) => end.active);
    return relay.controller.wire === active[0] && relay.target.wire === active[1] && this.isQuiet;
  }

  private get isQuiet(): boolean {
    const isDone = this.brokers.every(({ facts, commands }) => facts.length + commands.length === 0);
    return isDone && this.ends.every((end) => !end.isSearching);
  }

  broker(id: string): ModelBroker {
    const found = this.brokers.find((broker) => broker.id === id);
    if (found === undefined) throw new Error(`no ${id}`);
    return found;
  }

  connect(end: ModelEndpoint, broker: ModelBroker): Wire {
    const wire = new Wire(broker, broker.incarnation, end);
    this.wires.push(wire);
    return wire;
  }

  newName(role: Role): string {
    return `${role}-${this.newToken()}`;
  }

  newToken(): number {
    this.names += 1;
    return this.names;
  }

  report({ id, incarnation, isDraining }: ModelBroker): void {
    this.scenario.broker(id, { incarnation, draining: isDraining });
  }

  /** The monitor finds another life, and soon says that the one before is silent. */
  restarted(broker: ModelBroker, before: string): void {
    this.report(broker);
    const run = () => {
      this.note(`${before} is silent`, this.scenario.agent('agent-silent', broker.id, before));
    };
    this.silent.push({ atMs: this.nowMs + this.random.between(0, 3_000), run });
  }

  /** One thing of all that may happen now, or a while in which nothing does. */
  step(): void {
    const may = this.possible();
    if (may.length > 0 && this.random.chance(0.9)) {
      this.scenario.pass(this.random.between(0, 8));
      this.random.pick(may)();
    } else this.scenario.pass(this.random.between(20, 220));
    this.tick();
  }

  /** Something that nobody wants: a death, a drain, a cut, a broker without Kafka, an end that stands still. */
  strike(): void {
    const placed = this.scenario.state?.placement?.broker_id;
    const isPlaced = placed !== undefined && this.random.chance(0.7);
    const broker = isPlaced ? this.broker(placed) : this.random.pick(this.brokers);
    const strikes = {
      kill: () => broker.kill(),
      drain: () => {
        if (this.random.chance(0.5)) this.scenario.agent('agent-drain-requested', broker.id);
        broker.drain();
      },
      cut: () => this.someWire()?.cut(),
      'cut off': () => {
        broker.cutOffUntilMs = this.nowMs + this.random.between(200, CUT_OFF_MS);
      },
      freeze: () => {
        const end = this.random.pick(this.ends);
        end.frozenUntilMs = this.nowMs + FREEZE_MS;
        for (const wire of this.wires) if (wire.endpoint === end && wire.isOpenAtBroker) wire.cut();
      },
    };
    const name = this.random.pick(['kill', 'drain', 'cut', 'cut', 'cut off', 'freeze'] as const);
    this.trace.push(`${this.nowMs} !! ${name} (${broker.id})`);
    strikes[name]();
    this.issue();
  }

  private someWire(): Wire | undefined {
    const open = this.wires.filter(
      ({ isOpenAtBroker, isOpenAtEndpoint }) => isOpenAtBroker && isOpenAtEndpoint,
    );
    return open.length === 0 ? undefined : this.random.pick(open);
  }

  private possible(): (() => void)[] {
    const may: (() => void)[] = [];
    for (const broker of this.brokers) {
      if (broker.facts.length > 0 && this.nowMs >= broker.cutOffUntilMs) may.push(() => this.judge(broker));
      if (broker.isUp && broker.commands.length > 0) may.push(() => this.obey(broker));
    }
    for (const wire of this.wires) {
      const { endpoint, broker, toEndpoint, toBroker } = wire;
      const isAwake = this.nowMs >= endpoint.frozenUntilMs;
      if (toEndpoint.length > 0 && isAwake) may.push(() => this.hear(wire, endpoint.role));
      if (toBroker.length > 0 && wire.isHeardByBroker) may.push(() => this.hear(wire, broker.id));
    }
    for (const end of this.ends)
      if (end.mayDial && this.nowMs >= end.frozenUntilMs) may.push(() => end.dial());
    return may;
  }

  private judge(broker: ModelBroker): void {
    const told = broker.facts.shift();
    if (told === undefined) return;
    const { name, data, timeMs } = told;
    if (name === 'relay-closed' && data.attachment_id === undefined) this.relaysEnded += 1;
    const region = AMERICAN.includes(broker.id) ? 'east' : 'west';
    const about = [data.epoch, data.attachment_id, data.command, data.reason].filter(
      (each) => each !== undefined,
    );
    this.note(`${broker.id} says ${name} ${about.join(' ')}`, this.scenario.tell(name, data, region, timeMs));
  }

  private obey(broker: ModelBroker): void {
    const command = broker.commands.shift();
    if (command === undefined) return;
    this.trace.push(`${this.nowMs} ${broker.id} runs ${command.name}/${command.epoch}`);
    broker.run(command);
  }

  private hear(wire: Wire, who: string): void {
    const isBroker = who === wire.broker.id;
    const word = (isBroker ? wire.toBroker : wire.toEndpoint).shift();
    if (word === undefined) return;
    this.trace.push(`${this.nowMs} ${who} hears ${word.is} ${word.reason ?? ''}${word.epoch ?? ''}`);
    if (!isBroker) wire.endpoint.hear(wire, word);
    else {
      if (word.is === 'bye' && word.reason === 'hung-up') this.isHangUpHeard = true;
      wire.broker.hear(wire, word);
    }
  }

  private tick(): void {
    for (const broker of this.brokers) broker.tick();
    for (const end of this.ends) end.tick();
    const due = this.silent.filter(({ atMs }) => this.nowMs >= atMs);
    this.silent = this.silent.filter(({ atMs }) => this.nowMs < atMs);
    for (const { run } of due) run();
    this.wires = this.wires.filter(({ isOver }) => !isOver);
    const { state } = this.scenario;
    const lookMs = (state && session.nextDueMs(state)) ?? Number.POSITIVE_INFINITY;
    if (this.nowMs >= lookMs || this.random.chance(0.1)) this.note('time', this.scenario.look());
  }

  private note(what: string, outcome: session.SessionOutcome): void {
    if (what !== 'time' || outcome.kind === 'append')
      this.trace.push(`${this.nowMs} ${what} => ${sessionLine(outcome)}`);
    this.issue();
  }

  private issue(): void {
    for (; this.issued < this.scenario.decisions.length; this.issued += 1)
      for (const command of this.scenario.decisions[this.issued]?.data.commands ?? []) this.send(command);
  }

  private send(command: BrokerCommand): void {
    const { command_id, agent_id } = command;
    if (this.commandIds.has(command_id)) throw new Error(`two commands are ${command_id}`);
    this.commandIds.add(command_id);
    const broker = this.broker(agent_id);
    if (broker.isUp) broker.commands.push(command);
  }
}
