import type { PeerQuestion, SidecarCommand } from '#libs/contracts';
import { type Fact, type Input, judgement, link } from '#libs/domain';
import type { Coverage } from './coverage.ts';
import type { FleetModel } from './fleet.ts';
import { Broken, type Invariants } from './invariants.ts';
import { type LoggedFact, REGION, TOPIC_NAME, type World } from './model.ts';

/** What the loop runs: the decider under test, or a copy of it with a defect. */
export type Decider = Pick<typeof link, 'decide' | 'evolve' | 'unansweredCommands'>;

/** Share of the looks at a link that have no cause. */
const IDLE_LOOKS = 0.002;
const OWNER_GONE_MAX_MS = 10_000;
/** After a takeover inputs are read again from before the last decision, at most so many. */
const REREAD_MAX = 20;

interface Appended {
  readonly key: string;
  readonly decided: link.LinkDecided;
}

/** The single writer of the model's one partition, and its successors. */
export class Loop {
  readonly facts: LoggedFact[] = [];
  readonly log: Appended[] = [];
  states = new Map<string, link.LinkState>();
  /** Trace of a run, newest last. */
  readonly trace: string[] = [];
  private position = 0;
  private ownerUntilMs = 0;
  private woken = false;
  private readonly sent = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly fleet: () => FleetModel,
    private readonly decider: Decider,
    private readonly checks: { invariants: Invariants; coverage: Coverage },
    private readonly out: {
      send(command: SidecarCommand): void;
      ask(connectionId: string, question: PeerQuestion): void;
    },
  ) {}

  /** The fleet can take something that it could not take before. */
  wake(): void {
    this.woken = true;
  }

  /** A link in a phase that is over so soon that hardly anything would be said of it by chance. */
  get fleeting(): string | undefined {
    return [...this.states].find(([, { phase }]) => phase === 'assigned' || phase === 'draining')?.[0];
  }

  /** Everything in the log is judged first, and only then what is due: a late reader is not a late agent. */
  run(): void {
    if (this.world.schedule.nowMs < this.ownerUntilMs) return;
    while (this.position < this.facts.length) {
      const offset = this.position++;
      if (!this.judge(this.facts[offset] as LoggedFact, offset)) return;
    }
    const woken = this.woken;
    this.woken = false;
    const { nowMs } = this.world.schedule;
    for (const [key, state] of [...this.states]) {
      const due = link.nextDueMs(state);
      // A loop may also look without cause: that must do no harm.
      const idle = this.world.random.chance(IDLE_LOOKS);
      if ((due !== undefined && due <= nowMs) || (woken && link.waitsForFleet(state)) || idle) {
        if (!this.step(key, { kind: 'time', nowMs, fleet: this.fleet() })) return;
      }
    }
  }

  private judge(fact: LoggedFact, offset: number): boolean {
    const { data } = fact;
    if (fact.name === 'agent-silent' && 'incarnation' in data) {
      this.fleet().noteSilent(data.agent_id ?? '', data.incarnation ?? '');
    }
    if (fact.name === 'agent-drain-requested' && 'incarnation' in data) {
      this.fleet().noteDraining(data.agent_id ?? '', data.incarnation ?? '');
    }
    const said = { ...fact, source: 'model' } as Fact;
    if (judgement.isSettingFact(said)) this.fleet().noteSetting(said);
    const input: Input = {
      kind: 'fact',
      fact: said,
      origin: { topic: TOPIC_NAME, partition: 0, offset },
      region: REGION,
      ownRegion: REGION,
      nowMs: this.world.schedule.nowMs,
      fleet: this.fleet(),
    };
    const keys = 'connection_id' in data ? [data.connection_id] : [...this.states.keys(), 'client-2:never'];
    return keys.every((key) => this.step(key, input));
  }

  /** @returns false when the owner died. */
  private step(key: string, input: Input): boolean {
    const before = this.states.get(key);
    const outcome = this.decider.decide(key, before, input);
    this.checks.coverage.count(before, input, outcome);
    this.samePurely(key, before, input, outcome);
    if (outcome.kind !== 'append') {
      const reason = outcome.kind === 'ignore' ? outcome.reason : outcome.reason;
      this.checks.invariants.ignored(before, input, reason);
      return true;
    }
    const decided = { name: outcome.name, data: outcome.data };
    const after = this.decider.evolve(before, decided);
    this.note(input, decided, after);
    this.checks.invariants.answered(key, input);
    this.checks.invariants.decision(before, decided, after);
    this.log.push({ key, decided: JSON.parse(JSON.stringify(decided)) });
    const { placement } = after;
    // The peer knows which of its servers has room for whom.
    const byPeer = decided.data.peer?.went === 'peer';
    if (placement && placement.epoch !== before?.placement?.epoch && !byPeer) this.checkChoice(key, after);
    this.askOf(key, before, after);
    this.states.set(key, after);
    this.fleet().recount();
    if (this.world.random.chance(this.world.faults.ownerDies)) {
      this.die();
      return false;
    }
    for (const command of outcome.data.commands) this.sendNoting(command);
    return true;
  }

  /** Asking does not wait for the append: what is asked commands nothing. */
  private askOf(key: string, before: link.LinkState | undefined, after: link.LinkState): void {
    const question = link.openQuestion(after);
    if (question && question.epoch !== before?.asking?.epoch) this.out.ask(key, question);
  }

  private sendNoting(command: SidecarCommand): void {
    this.sent.add(command.command_id);
    this.out.send(command);
  }

  private checkChoice(key: string, after: link.LinkState): void {
    const serverId = after.placement?.server_id ?? '';
    const others = [...this.states].filter(
      ([other, state]) => other !== key && state.placement?.server_id === serverId,
    );
    this.checks.invariants.chosen(after, this.fleet().agents.get(serverId), others.length + 1);
  }

  /** Half of the time a decider is asked twice: it must say the same, and leave its state alone. */
  private samePurely(
    key: string,
    before: link.LinkState | undefined,
    input: Input,
    first: link.LinkOutcome,
  ): void {
    if (!this.world.random.chance(0.05)) return;
    const state = before && (JSON.parse(JSON.stringify(before)) as link.LinkState);
    const again = this.decider.decide(key, state, input);
    if (JSON.stringify(again) !== JSON.stringify(first)) {
      throw new Broken('decides-purely', `${key} ${before?.phase}: ${JSON.stringify(again)}`);
    }
  }

  /** Between the append and its commands: the next owner folds the log, and sends what is unanswered. */
  private die(): void {
    const { schedule, random } = this.world;
    const gone = random.between(50, OWNER_GONE_MAX_MS);
    this.ownerUntilMs = schedule.nowMs + gone;
    this.position = Math.max(0, this.position - random.between(0, REREAD_MAX));
    this.trace.push(`${this.at()} the owner dies, from ${this.position} on in ${gone} ms`);
    schedule.after(gone, () => {
      const replayed = this.replay();
      if (JSON.stringify(sorted(replayed)) !== JSON.stringify(sorted(this.states))) {
        throw new Broken('replay-gives-the-same', `${JSON.stringify(sorted(this.states))}`);
      }
      this.states = replayed;
      for (const [key, state] of replayed) {
        this.askOf(key, undefined, state);
        const unanswered = this.decider.unansweredCommands(state, schedule.nowMs);
        for (const command of unanswered) this.sendNoting(command);
        for (const { command, giveUpMs } of state.pending) {
          const dropped = giveUpMs > schedule.nowMs && !this.sent.has(command.command_id);
          if (dropped) throw new Broken('each-command-is-sent', command.command_id);
        }
      }
      this.woken = true;
      this.run();
    });
  }

  replay(): Map<string, link.LinkState> {
    const states = new Map<string, link.LinkState>();
    for (const { key, decided } of this.log) states.set(key, this.decider.evolve(states.get(key), decided));
    return states;
  }

  private note(input: Input, { name, data }: link.LinkDecided, after: link.LinkState): void {
    const cause = input.kind === 'time' ? 'time' : `${input.fact.name} ${JSON.stringify(input.fact.data)}`;
    const commands = data.commands.map((each) => `${each.name}→${each.agent_id}`).join(' ');
    this.trace.push(
      `${this.at()} ${data.connection_id} ${name} v${data.version} e${data.epoch} ${after.phase} (${data.reason}) ${data.server_id ?? '-'} [${commands}] due ${after.dueMs ?? '-'} because ${cause}`,
    );
  }

  private at(): string {
    return `${(this.world.schedule.nowMs / 1000).toFixed(3)}`;
  }
}

function sorted(states: ReadonlyMap<string, link.LinkState>): link.LinkState[] {
  return [...states.values()]
    .map((state) => ({ ...state, handled: {} }))
    .sort((a, b) => (a.connection_id < b.connection_id ? -1 : 1));
}
