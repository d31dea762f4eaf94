import { isFinalClose } from '#libs/contracts';
import { SESSION_REFUSALS } from '#libs/relay';
import type { Role, Wire, Word } from './wire.ts';
import type { SessionSimulation } from './world.ts';

const ANSWER_MS = 8_000;
const BACKOFF_MS = 250;
const MEASURE_MS = 300;
const DIAL_MS = 100;

interface Plan {
  readonly first?: string | undefined;
  readonly avoid?: string | undefined;
  /** It was sent there. */
  readonly isDirected?: boolean;
  readonly waitMs?: number;
}

/** One end of the session, as libs/endpoint has it: at most one active leg, one that waits, one search. */
export class ModelEndpoint {
  active: Wire | undefined;
  waiting: Wire | undefined;
  epoch = 1;
  /** Its own end; undefined: it goes on. */
  over: string | undefined;
  frozenUntilMs = 0;
  private leaving: string | undefined;
  private search: (Plan & { readonly atMs: number }) | undefined;
  private answerByMs: number | undefined;

  constructor(
    readonly role: Role,
    private readonly world: SessionSimulation,
    /** All brokers, the nearest first. */
    private readonly brokers: readonly string[],
  ) {}

  get isSearching(): boolean {
    return this.search !== undefined;
  }

  get mayDial(): boolean {
    const { search, over } = this;
    return over === undefined && search !== undefined && this.world.nowMs >= search.atMs;
  }

  dial(): void {
    const { search, world } = this;
    if (search === undefined) return;
    const { first, avoid, isDirected } = search;
    const known = [...new Set([...(first === undefined ? [] : [first]), ...this.brokers])];
    const order = [...known.filter((id) => id !== avoid), ...known.filter((id) => id === avoid)];
    const up = order.map((id) => world.broker(id)).filter(({ isUp, isDraining }) => isUp && !isDraining);
    const [best] = up;
    if (best === undefined) {
      this.attach({ avoid, waitMs: BACKOFF_MS });
      return;
    }
    this.search = undefined;
    // The first that answers is not always the first that was asked.
    const reached = isDirected || world.random.chance(0.8) ? best : world.random.pick(up);
    const wire = world.connect(this, reached);
    this.wait(wire);
    wire.toBroker.push({ is: 'resume', epoch: this.epoch });
    if (this.role === 'target') this.answerByMs = world.nowMs + ANSWER_MS;
  }

  tick(): void {
    if (this.answerByMs === undefined || this.world.nowMs < this.answerByMs) return;
    this.answerByMs = undefined;
    const { waiting } = this;
    if (waiting === undefined) return;
    this.close(waiting);
    this.lost(waiting, waiting.broker.id);
  }

  /** A person has had enough. */
  hangUp(): void {
    this.over = 'hung-up';
    this.search = undefined;
    for (const wire of [this.active, this.waiting]) {
      if (wire === undefined) continue;
      this.say(wire, { is: 'bye', reason: 'hung-up' });
      this.close(wire);
    }
    this.active = undefined;
    this.waiting = undefined;
  }

  hear(wire: Wire, word: Word): void {
    if (!wire.isOpenAtEndpoint) return;
    if (word.is === 'closed' || word.is === 'lost') {
      wire.isOpenAtEndpoint = false;
      this.lost(wire);
    } else if (word.is === 'ping') this.say(wire, { is: 'pong', ...(word.token && { token: word.token }) });
    else if (wire === this.active || wire === this.waiting) this.obey(wire, word);
  }

  private obey(wire: Wire, { is, epoch = 0, reason = '', broker }: Word): void {
    switch (is) {
      case 'opened':
        this.opened(wire, epoch);
        return;
      case 'held':
        this.answerByMs = undefined;
        return;
      case 'redirect':
        if (wire === this.waiting || this.waiting?.broker.id !== broker)
          this.attach({ first: broker, isDirected: true });
        return;
      case 'interrupted':
        if (wire !== this.active) return;
        this.active = undefined;
        if (this.waiting === undefined) this.waiting = wire;
        else this.close(wire);
        return;
      case 'goaway':
        if (this.leaving === wire.broker.id && wire === this.active) return;
        this.leaving = wire.broker.id;
        this.attach({ avoid: this.leaving, waitMs: MEASURE_MS });
        return;
      case 'refused':
        this.refused(wire, reason, broker);
        return;
      case 'bye':
        if (isFinalClose(reason)) this.over = reason;
        return;
      default:
        throw new Error(`an endpoint does not expect ${is}`);
    }
  }

  private opened(wire: Wire, epoch: number): void {
    if (epoch < this.epoch || (epoch === this.epoch && wire === this.active)) return;
    this.search = undefined;
    this.answerByMs = undefined;
    const { active, waiting } = this;
    if (active !== undefined && active !== wire) {
      this.say(active, { is: 'bye', reason: 'moved' });
      this.close(active);
    }
    if (waiting !== undefined && waiting !== wire) this.close(waiting);
    this.active = wire;
    this.waiting = undefined;
    this.leaving = undefined;
    this.epoch = epoch;
  }

  private refused(wire: Wire, reason: string, broker: string | undefined): void {
    const kind = Object.entries(SESSION_REFUSALS).find(([word]) => word === reason)?.[1] ?? 'final';
    if (kind === 'final') {
      this.over = reason;
      return;
    }
    this.close(wire);
    this.leave(wire);
    if (kind === 'move' && broker !== undefined) this.attach({ first: broker, isDirected: true });
    else this.attach({ avoid: wire.broker.id, waitMs: BACKOFF_MS });
  }

  private lost(wire: Wire, silent?: string): void {
    const wasUsed = wire === this.active || wire === this.waiting;
    this.leave(wire);
    if (!wasUsed || this.waiting !== undefined || this.isSearching) return;
    const avoid = silent ?? this.leaving;
    this.attach(avoid === undefined ? { first: wire.broker.id } : { avoid });
  }

  private leave(wire: Wire): void {
    if (wire === this.waiting) this.answerByMs = undefined;
    if (wire === this.active) this.active = undefined;
    if (wire === this.waiting) this.waiting = undefined;
  }

  private attach(plan: Plan): void {
    const waitMs = (plan.waitMs ?? 0) + this.world.random.between(5, DIAL_MS);
    this.search = { ...plan, atMs: this.world.nowMs + waitMs };
  }

  private wait(wire: Wire): void {
    if (this.waiting !== undefined && this.waiting !== wire) this.close(this.waiting);
    this.waiting = wire;
  }

  private say(wire: Wire, word: Word): void {
    if (wire.isOpenAtEndpoint && wire.isOpenAtBroker && !wire.isCut) wire.toBroker.push(word);
  }

  private close(wire: Wire): void {
    this.say(wire, { is: 'closed' });
    wire.isOpenAtEndpoint = false;
  }
}
