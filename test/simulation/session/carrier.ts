import { type CloseRelayReason, isFinalClose } from '#libs/contracts';
import type { ModelLeg, Role, Wire, Word } from './wire.ts';
import type { SessionSimulation } from './world.ts';

interface Relay {
  readonly epoch: number;
  readonly controller: ModelLeg;
  readonly target: ModelLeg;
}

/** A fact on its way to the control loop. */
export interface Telling {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly timeMs: number;
}

/** What a broker has of one session: legs, at most one relay, and how they come and go, as in apps/broker. */
export class ModelCarrier {
  relay: Relay | undefined;
  facts: Telling[] = [];
  protected life = 0;
  protected readonly legs = new Set<ModelLeg>();
  protected highest = 1;
  protected ended = 0;
  /** It closes then what did not leave. */
  protected leaveByMs: number | undefined;

  constructor(
    readonly id: string,
    protected readonly world: SessionSimulation,
  ) {}

  get incarnation(): string {
    return `${this.id}-${this.life}`;
  }

  /** A leg that is spliced, or about to be. */
  leg(wire: Wire, role: Role, more: Partial<ModelLeg> = {}): ModelLeg {
    const leg: ModelLeg = {
      ...{ wire, role, id: this.world.newName(role), state: 'asking', sinceMs: this.world.nowMs, known: 1 },
      ...{ epoch: undefined, held: false, leaving: false, attachesOn: undefined, ...more },
    };
    wire.leg = leg;
    this.legs.add(leg);
    return leg;
  }

  splice(epoch: number, controller: ModelLeg, target: ModelLeg): void {
    this.relay = { epoch, controller, target };
    this.leaveByMs = undefined;
    for (const leg of [controller, target]) Object.assign(leg, { epoch, leaving: false, state: 'open' });
  }

  protected closeLegs(named: readonly ModelLeg[], reason: CloseRelayReason): void {
    const relay = named.some((leg) => this.isEnd(leg))
      ? this.takeDown('closed-by-command', 'broker')
      : undefined;
    for (const leg of new Set(relay ? [...named, relay.controller, relay.target] : named)) {
      if (reason === 'moved') this.awaitLeave(leg);
      else {
        if (isFinalClose(reason)) this.send(leg, { is: 'bye', reason });
        else if (reason !== 'superseded') this.send(leg, { is: 'refused', reason });
        this.close(leg);
      }
    }
  }

  protected left(leg: ModelLeg, said: string | undefined): void {
    if (said !== undefined && isFinalClose(said)) this.isThere(leg);
    const isMoving = leg.leaving || this.leaveByMs !== undefined;
    const reason = said ?? (isMoving ? 'moved' : `${leg.role}-lost`);
    this.legs.delete(leg);
    if (!this.isEnd(leg)) {
      if (!leg.leaving || (said !== undefined && said !== 'moved')) this.legClosed(leg, reason, leg.role);
      return;
    }
    const relay = this.takeDown(reason, leg.role);
    const other = relay?.controller === leg ? relay.target : relay?.controller;
    if (other === undefined) return;
    if (isFinalClose(reason)) {
      for (const each of [...this.legs]) {
        this.send(each, { is: 'bye', reason });
        this.close(each);
      }
    } else if (said === 'moved') this.awaitLeave(other);
    else if (reason === 'moved') this.close(other);
    else this.attachAnew(other, reason);
  }

  protected attachAnew(leg: ModelLeg, reason: string): void {
    if (leg.state === 'closing') return;
    this.send(leg, { is: 'interrupted', reason });
    leg.known = leg.epoch ?? leg.known;
    const anew = { id: this.world.newName(leg.role), state: 'asking', sinceMs: this.world.nowMs } as const;
    const token = this.world.newToken();
    Object.assign(leg, { ...anew, epoch: undefined, leaving: false, attachesOn: token });
    this.send(leg, { is: 'ping', token });
  }

  protected isThere(leg: ModelLeg): void {
    if (leg.attachesOn === undefined) return;
    leg.attachesOn = undefined;
    this.attached(leg);
  }

  protected replace(keep: readonly ModelLeg[]): void {
    const relay = this.takeDown('moved', 'broker');
    if (relay === undefined) return;
    for (const leg of [relay.controller, relay.target]) {
      if (leg.state === 'closing') continue;
      this.waits(leg);
      if (!keep.includes(leg)) this.send(leg, { is: 'interrupted', reason: 'moved' });
    }
  }

  protected closeAll(): void {
    this.leaveByMs = undefined;
    const relay = this.takeDown('shutdown', 'broker');
    for (const leg of [...this.legs]) {
      if (leg !== relay?.controller && leg !== relay?.target) this.legClosed(leg, 'shutdown', 'broker');
      this.close(leg);
    }
  }

  protected takeDown(reason: string, closed_by: string): Relay | undefined {
    const { relay } = this;
    if (relay === undefined) return undefined;
    this.relay = undefined;
    this.highest = Math.max(this.highest, relay.epoch);
    this.ended = Math.max(this.ended, relay.epoch);
    this.tell('relay-closed', { epoch: relay.epoch, reason, closed_by, bytes_up: 1 });
    return relay;
  }

  protected sendAway(legs: readonly ModelLeg[], limitMs: number): void {
    for (const leg of legs) this.send(leg, { is: 'goaway' });
    this.leaveByMs ??= this.world.nowMs + limitMs;
  }

  protected awaitLeave(leg: ModelLeg): void {
    if (leg.state === 'closing') return;
    leg.leaving = true;
    this.waits(leg);
  }

  protected waits(leg: ModelLeg): void {
    leg.state = 'waiting';
    leg.sinceMs = this.world.nowMs;
  }

  protected close(leg: ModelLeg): void {
    this.finish(leg);
    this.legs.delete(leg);
  }

  protected finish(leg: ModelLeg): void {
    if (leg.state === 'closing') return;
    leg.state = 'closing';
    leg.wire.toEndpoint.push({ is: 'closed' });
    leg.wire.isOpenAtBroker = false;
  }

  protected send(leg: ModelLeg, word: Word): void {
    if (leg.state !== 'closing') leg.wire.toEndpoint.push(word);
  }

  protected named(id: string): ModelLeg | undefined {
    return [...this.legs].find((leg) => leg.id === id);
  }

  protected isEnd(leg: ModelLeg): boolean {
    return this.relay?.controller === leg || this.relay?.target === leg;
  }

  protected attached(leg: ModelLeg): void {
    const identity = leg.role === 'target' ? 'till-4' : 'technician';
    const about = { attachment_id: leg.id, identity, ...(leg.known === 0 ? {} : { epoch: leg.known }) };
    const target = leg.role === 'target' ? { consented: true, resumed: true, guest: false } : {};
    this.tell(`${leg.role}-attached`, { ...about, ...target });
  }

  protected legClosed(leg: ModelLeg, reason: string, closed_by: string): void {
    const epoch = Math.max(1, leg.epoch ?? leg.known);
    this.tell('relay-closed', { epoch, reason, closed_by, attachment_id: leg.id });
  }

  protected tell(name: string, data: Telling['data']): void {
    const { id, incarnation } = this;
    const about = { connection_id: this.world.connectionId, home_region: 'east', agent_id: id, incarnation };
    this.facts.push({ name, data: { ...about, broker_id: id, ...data }, timeMs: this.world.nowMs });
  }
}
