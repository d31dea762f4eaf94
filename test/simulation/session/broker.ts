import type { BrokerCommand, RefusalReason } from '#libs/contracts';
import { ModelCarrier } from './carrier.ts';
import type { Wire, Word } from './wire.ts';

const LEAVE_MS = 15_000;
const DRAIN_MS = 10_000;
const COMMANDED_MS = 3_000;

type CommandOf<Name extends BrokerCommand['name']> = Extract<BrokerCommand, { name: Name }>;
type Refusal = RefusalReason | undefined;

/** A broker, as apps/broker: what it hears, the commands that it runs in their order, and its lives. */
export class ModelBroker extends ModelCarrier {
  isUp = true;
  isDraining = false;
  commands: BrokerCommand[] = [];
  /** Its facts do not get out before. */
  cutOffUntilMs = 0;
  private sendAwayAtMs: number | undefined;
  private endsAtMs: number | undefined;
  private startsAtMs: number | undefined;

  hear(wire: Wire, word: Word): void {
    const { leg } = wire;
    if (word.is === 'resume') {
      if (this.isDraining) this.turnAway(wire);
      else this.attached(this.leg(wire, wire.endpoint.role, { known: word.epoch ?? 0 }));
      return;
    }
    if (leg === undefined || leg.state === 'closing') return;
    if (word.is === 'pong') {
      if (word.token === leg.attachesOn) this.isThere(leg);
      return;
    }
    this.left(leg, word.is === 'bye' ? word.reason : undefined);
    if (word.is === 'bye') this.finish(leg);
    leg.state = 'closing';
    wire.isOpenAtBroker = false;
  }

  run(command: BrokerCommand): void {
    const refusal = this.runNow(command);
    const { command_id, connection_id, epoch, name } = command;
    const about = { command_id, connection_id, epoch, command: name, home_region: command.home_region };
    const reason = refusal === undefined ? {} : { reason: refusal };
    this.tell(`command-${refusal === undefined ? 'succeeded' : 'refused'}`, { ...about, ...reason });
  }

  /** Whoever runs it wants it to end. */
  drain(): void {
    if (this.isDraining || !this.isUp) return;
    this.isDraining = true;
    for (const leg of [...this.legs]) {
      if (leg.state !== 'asking') continue;
      this.legClosed(leg, `${leg.role}-lost`, 'broker');
      this.send(leg, { is: 'refused', reason: 'draining' });
      this.close(leg);
    }
    this.sendAwayAtMs = this.world.nowMs + COMMANDED_MS;
    this.endsAtMs = this.world.nowMs + DRAIN_MS + COMMANDED_MS;
    if (this.relay === undefined) this.sendAway([...this.legs], DRAIN_MS);
    this.world.report(this);
  }

  /** It is gone, with all that it had not said. */
  kill(): void {
    this.facts = [];
    this.stop();
  }

  tick(): void {
    const { nowMs } = this.world;
    if (!this.isUp) {
      if (this.startsAtMs !== undefined && nowMs >= this.startsAtMs) this.start();
      return;
    }
    for (const leg of [...this.legs])
      if (leg.state === 'waiting' && leg.leaving && nowMs - leg.sinceMs > LEAVE_MS) this.close(leg);
    if (this.leaveByMs !== undefined && nowMs >= this.leaveByMs) this.closeAll();
    if (this.sendAwayAtMs !== undefined && nowMs >= this.sendAwayAtMs) {
      this.sendAwayAtMs = undefined;
      if (this.leaveByMs === undefined) this.sendAway([...this.legs], DRAIN_MS);
    }
    if (this.endsAtMs === undefined || (this.legs.size > 0 && nowMs < this.endsAtMs)) return;
    this.closeAll();
    this.stop();
  }

  private stop(): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.commands = [];
    for (const wire of this.world.wires) {
      if (wire.broker !== this || !wire.isOpenAtEndpoint) continue;
      wire.toEndpoint = [{ is: 'lost' }];
      wire.isOpenAtBroker = false;
    }
    this.legs.clear();
    this.relay = undefined;
    this.leaveByMs = this.sendAwayAtMs = this.endsAtMs = undefined;
    this.startsAtMs = this.world.nowMs + this.world.random.between(500, 20_000);
  }

  private start(): void {
    const before = this.incarnation;
    this.startsAtMs = undefined;
    this.life += 1;
    this.isUp = true;
    this.isDraining = false;
    this.highest = 1;
    this.ended = 0;
    this.world.restarted(this, before);
  }

  private runNow(command: BrokerCommand): Refusal {
    if (command.incarnation !== this.incarnation) return 'other-incarnation';
    if (this.world.nowMs > Date.parse(command.expires_at)) return 'expired';
    if (command.name === 'reject-target') return this.rejectTarget(command);
    if (command.name === 'close-relay') return this.closeRelay(command);
    if (command.epoch < this.highest) return 'stale-epoch';
    switch (command.name) {
      case 'hold-target':
        return this.holdTarget(command);
      case 'redirect-controller':
        return this.redirectController(command);
      case 'open-relay':
        return this.openRelay(command);
      case 'drain': {
        const legs = [...this.legs].filter(
          ({ epoch }) => (epoch ?? Number.POSITIVE_INFINITY) <= command.epoch,
        );
        if (legs.length === 0) return 'unknown-connection';
        this.sendAway(legs, command.limit_ms ?? DRAIN_MS);
        return undefined;
      }
      case 'issue-code':
        return undefined;
      default:
        return command satisfies never;
    }
  }

  private holdTarget({ attachment_id, epoch }: CommandOf<'hold-target'>): Refusal {
    const leg = this.named(attachment_id);
    if (leg === undefined) return 'target-gone';
    if (leg.held && leg.epoch === epoch) return undefined;
    if (epoch <= this.ended) return 'stale-epoch';
    this.highest = epoch;
    this.replace([leg]);
    for (const each of [...this.legs])
      if (each !== leg && each.role === 'target' && each.state !== 'asking') this.close(each);
    const wasHeld = leg.held;
    Object.assign(leg, { epoch, held: true, leaving: false });
    this.waits(leg);
    this.leaveByMs = undefined;
    if (!wasHeld) this.send(leg, { is: 'held' });
    return undefined;
  }

  private redirectController(command: CommandOf<'redirect-controller'>): Refusal {
    const leg = this.named(command.attachment_id);
    if (leg === undefined) return 'controller-gone';
    this.send(leg, { is: 'redirect', broker: command.broker_id });
    leg.leaving = true;
    if (leg.state !== 'open') this.waits(leg);
    return undefined;
  }

  private openRelay(command: CommandOf<'open-relay'>): Refusal {
    const { epoch } = command;
    const target = this.named(command.target_attachment_id);
    const controller = this.named(command.controller_attachment_id);
    if (target === undefined) return 'target-gone';
    if (controller === undefined) return 'controller-gone';
    const { relay } = this;
    if (relay?.epoch === epoch && relay.target === target && relay.controller === controller)
      return undefined;
    const isHeld = target.held && target.epoch === epoch;
    if (relay?.epoch === epoch || epoch <= this.ended || !isHeld) return 'stale-epoch';
    this.highest = epoch;
    const ends = [controller, target];
    this.replace(ends);
    for (const each of [...this.legs]) if (!ends.includes(each) && each.state !== 'asking') this.close(each);
    this.splice(epoch, controller, target);
    for (const leg of ends) this.send(leg, { is: 'opened', epoch });
    this.tell('relay-opened', { epoch });
    return undefined;
  }

  private rejectTarget(command: CommandOf<'reject-target'>): Refusal {
    const leg = this.named(command.attachment_id);
    if (leg === undefined) return 'target-gone';
    if ((leg.epoch ?? 0) > command.epoch) return 'stale-epoch';
    const { reason, broker_id } = command;
    this.send(leg, { is: 'refused', reason, ...(broker_id === undefined ? {} : { broker: broker_id }) });
    this.close(leg);
    return undefined;
  }

  private closeRelay({ epoch, reason, attachment_id }: CommandOf<'close-relay'>): Refusal {
    if (attachment_id !== undefined) {
      const leg = this.named(attachment_id);
      if (leg === undefined) return undefined;
      if ((leg.epoch ?? 0) > epoch) return 'stale-epoch';
      this.closeLegs([leg], reason);
      return undefined;
    }
    this.highest = Math.max(this.highest, epoch);
    this.ended = Math.max(this.ended, epoch);
    const unnamed = reason === 'superseded' || reason === 'moved' ? Number.POSITIVE_INFINITY : 0;
    this.closeLegs(
      [...this.legs].filter((leg) => (leg.epoch ?? unnamed) <= epoch),
      reason,
    );
    return undefined;
  }

  private turnAway(wire: Wire): void {
    wire.toEndpoint.push({ is: 'refused', reason: 'draining' }, { is: 'closed' });
    wire.isOpenAtBroker = false;
  }
}
