import {
  type AgentContext,
  type Carrier,
  type Commanded,
  CommandRefusal,
  type StopReason,
} from '#libs/agent';
import {
  type BrokerCommand,
  type CloseRelayReason,
  type ConnectionHealth,
  type LegRejection,
  TIMING,
} from '#libs/contracts';
import type { SessionRefusal } from '#libs/relay';
import { type GuessLimits, isInVain } from './guess-limits.ts';
import type { Leg } from './leg.ts';
import type { BrokerMetrics } from './metrics.ts';
import type { Reception } from './reception.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

type CommandOf<Name extends BrokerCommand['name']> = Extract<BrokerCommand, { name: Name }>;

/** The control plane has told each relay of a broker that drains to move within so long, or it does not. */
const COMMANDED_MS = TIMING.commandExpiryMs;
/** Two looks further apart mean that nobody could listen meanwhile; several ticks, in milliseconds. */
const LATE_MS = 500;

export interface CarrierOptions {
  readonly capacity: number;
  readonly drainMs: number;
  /** Begins to send everybody elsewhere and to end this broker; called when it is told to drain as a whole. */
  readonly leave: () => void;
}

/** Runs the commands of the control plane on the legs that are here. */
export class RelayCarrier implements Carrier<BrokerCommand> {
  readonly worstUnansweredRatio = 0;
  private tickedMs: number;
  /** When everybody is sent elsewhere who has not been by a command; undefined: it does not drain, or has done so. */
  private sendAwayAtMs: number | undefined;

  constructor(
    private readonly agent: AgentContext<BrokerMetrics>,
    private readonly sessions: Sessions,
    private readonly reception: Reception,
    private readonly guesses: GuessLimits,
    private readonly options: CarrierOptions,
  ) {
    this.tickedMs = agent.clock.monotonicMs();
  }

  get carrying(): number {
    return this.sessions.relays;
  }

  get capacity(): number {
    return this.options.capacity;
  }

  async run(command: BrokerCommand, { trace }: Pick<Commanded, 'trace'>): Promise<void> {
    // What ends something names what it ends: a leg, or all up to its epoch, so it may come late.
    if (command.name === 'reject-target') return this.rejectTarget(command);
    if (command.name === 'close-relay') return this.closeRelay(command);
    const { connection_id, epoch } = command;
    // It names this broker where a connection would be: all of them are meant.
    if (command.name === 'drain' && connection_id === this.agent.identity.agentId)
      return this.options.leave();
    if (epoch < this.sessions.fence.highest(connection_id)) throw new CommandRefusal('stale-epoch');
    switch (command.name) {
      case 'issue-code':
        return this.issueCode(command);
      case 'hold-target':
        return this.holdTarget(command);
      case 'redirect-controller':
        return this.redirectController(command);
      case 'open-relay':
        return this.openRelay(command, trace);
      case 'drain':
        return this.drainSession(command);
      default:
        return command satisfies never;
    }
  }

  tick(): void {
    const nowMs = this.agent.clock.monotonicMs();
    const lateMs = nowMs - this.tickedMs;
    this.tickedMs = nowMs;
    for (const leg of [...this.reception.legs]) leg.tick(lateMs > LATE_MS ? lateMs : 0);
    this.sessions.tick();
    if (this.sendAwayAtMs === undefined || nowMs < this.sendAwayAtMs) return;
    this.sendAwayAtMs = undefined;
    for (const session of this.sessions.all()) {
      if (session.leaveByMs === undefined) this.sendAway(session);
    }
  }

  health(): ConnectionHealth[] {
    const health: ConnectionHealth[] = [];
    for (const session of this.sessions.all()) {
      const { placedEpoch, named, relay, leaveByMs } = session;
      if (placedEpoch === undefined) continue;
      const idle = relay === undefined ? 'idle' : 'active';
      const rtts = [...session.legs].flatMap((leg) => leg.rttMs ?? []);
      health.push({
        connection_id: named.connectionId,
        epoch: placedEpoch,
        home_region: named.homeRegion,
        status: leaveByMs === undefined ? idle : 'draining',
        ...(rtts.length === 0 ? {} : { rtt_ms: Math.max(...rtts) }),
        unanswered_ratio: 0,
        in_flight: 0,
      });
    }
    return health;
  }

  stopAll(reason: StopReason): void {
    for (const session of [...this.sessions.all()]) {
      this.sessions.closeAll(session, 'shutdown', reason === 'asleep' ? 'asleep' : 'shutdown');
    }
    for (const leg of [...this.reception.legs]) leg.finish('shutdown');
  }

  /**
   * Sends everybody elsewhere; what it carries goes on until then. Who is spliced is told by the control plane's command, which
   * comes when its report has, so that nobody is elsewhere before it is known why; without it, after a while all the same.
   */
  drain(): void {
    this.reception.drain();
    const { drainMs } = this.options;
    this.sendAwayAtMs = this.agent.clock.monotonicMs() + Math.min(COMMANDED_MS, drainMs / 2);
    for (const session of this.sessions.all()) if (session.relay === undefined) this.sendAway(session);
  }

  private sendAway(session: Session): void {
    this.sessions.drain(session, [...session.legs], this.options.drainMs);
  }

  private issueCode(command: CommandOf<'issue-code'>): void {
    const { connection_id, epoch, attachment_id, controller_id, code_expires_at } = command;
    const { leg, attachment, session } = this.legOf(
      'controller',
      connection_id,
      attachment_id,
      controller_id,
    );
    const { code } = attachment;
    // Issued again, as the answer was late: the controller has it.
    if (code === undefined && attachment.epoch === epoch) return;
    if (code === undefined) throw new CommandRefusal('controller-gone');
    this.sessions.fence.admit(connection_id, epoch);
    delete attachment.code;
    attachment.epoch = epoch;
    leg.enter('waiting');
    const { homeRegion } = session.named;
    leg.send('code', { code, connection_id, home_region: homeRegion, expires_at: code_expires_at });
  }

  private holdTarget(command: CommandOf<'hold-target'>): void {
    const { connection_id, epoch, attachment_id, identity, controller_id } = command;
    const { leg, attachment, session } = this.legOf('target', connection_id, attachment_id, identity);
    if (attachment.held && attachment.epoch === epoch) return;
    if (!this.sessions.fence.mayCarry(connection_id, epoch)) throw new CommandRefusal('stale-epoch');
    const isNew = session.placedEpoch === undefined;
    if (isNew && this.sessions.placed >= this.options.capacity) throw new CommandRefusal('full');
    this.sessions.fence.admit(connection_id, epoch);
    if (!attachment.resumed) void this.guesses.succeeded(leg);
    const wasHeld = attachment.held;
    this.sessions.hold(session, epoch, leg, attachment);
    if (!wasHeld) leg.send('held', { connection_id, home_region: session.named.homeRegion, controller_id });
  }

  private rejectTarget(command: CommandOf<'reject-target'>): void {
    const { connection_id, attachment_id, identity, reason, broker_id, address } = command;
    const { leg, attachment } = this.legOf('target', connection_id, attachment_id, identity);
    refuseLate(leg, command.epoch);
    if (attachment.resumed) this.cameBack(leg, reason);
    else if (!isInVain(reason)) void this.guesses.succeeded(leg);
    this.sessions.refuse(leg, refusalFor(reason), {
      ...(broker_id === undefined ? {} : { broker_id }),
      ...(address === undefined ? {} : { address }),
    });
  }

  private redirectController(command: CommandOf<'redirect-controller'>): void {
    const { connection_id, epoch, attachment_id, controller_id, broker_id, address } = command;
    const { leg } = this.legOf('controller', connection_id, attachment_id, controller_id);
    leg.send('redirect', { connection_id, broker_id, address, epoch });
    this.sessions.sendAway(leg);
  }

  private openRelay(command: CommandOf<'open-relay'>, trace: Commanded['trace']): void {
    const { connection_id, epoch, window_ms } = command;
    const { controller_attachment_id, controller_id, target_attachment_id, target_id } = command;
    const target = this.legOf('target', connection_id, target_attachment_id, target_id);
    const controller = this.legOf('controller', connection_id, controller_attachment_id, controller_id);
    const { session } = target;
    const { relay } = session;
    if (relay?.epoch === epoch && relay.has(target.leg) && relay.has(controller.leg)) return;
    // Each identity is admitted once for an epoch, and an epoch that ended here is over.
    if (relay?.epoch === epoch) throw new CommandRefusal('stale-epoch');
    if (!this.sessions.fence.mayCarry(connection_id, epoch)) throw new CommandRefusal('stale-epoch');
    // A hold that was refused, as this broker is full, is not made good by the command that follows it.
    if (!target.attachment.held || target.attachment.epoch !== epoch) throw new CommandRefusal('stale-epoch');
    this.sessions.fence.admit(connection_id, epoch);
    const ends = { controller: controller.leg, target: target.leg };
    this.sessions.open(session, ends, { epoch, windowMs: window_ms, trace });
  }

  private closeRelay(command: CommandOf<'close-relay'>): void {
    const { connection_id, epoch, reason, attachment_id } = command;
    const session = this.sessions.find(connection_id);
    if (attachment_id !== undefined) {
      const leg = session?.legNamed(attachment_id);
      if (session === undefined || leg === undefined) return;
      refuseLate(leg, epoch);
      this.cameBack(leg, reason);
      this.closeLegs(session, [leg], reason);
      return;
    }
    this.sessions.fence.end(connection_id, epoch);
    if (session === undefined) return;
    // Only a relay that was replaced leaves who came since; every other reason ends the session for good.
    const isReplaced = reason === 'superseded' || reason === 'moved';
    const legs = isReplaced ? session.legsUpTo(epoch) : session.legsBut(epoch);
    this.closeLegs(session, legs, reason);
  }

  private cameBack(leg: Leg, reason: LegRejection | CloseRelayReason): void {
    if (leg.attachment?.resumed && isInVain(reason)) void this.guesses.cameInVain(leg);
  }

  /** A relay ends with any of its legs; both are told the same. */
  private closeLegs(session: Session, named: readonly Leg[], reason: CloseRelayReason): void {
    const hasRelay = named.some((leg) => session.relay?.has(leg));
    const relay = hasRelay
      ? this.sessions.takeDown(session, { reason: 'closed-by-command', closedBy: 'broker' })
      : undefined;
    const legs = relay === undefined ? named : new Set([...named, relay.controller, relay.target]);
    for (const leg of legs) this.tellOver(leg, reason);
  }

  private tellOver(leg: Leg, reason: CloseRelayReason): void {
    switch (reason) {
      case 'superseded':
        this.sessions.letGo(leg);
        return;
      case 'moved':
        this.sessions.awaitLeave(leg);
        return;
      case 'hung-up':
      case 'declined':
      case 'gap':
      case 'idle-timeout':
      case 'protocol-error':
        leg.send('bye', { reason });
        this.sessions.close(leg, 'session-over');
        return;
      case 'window-over':
        this.sessions.refuse(leg, reason);
        return;
      default:
        this.sessions.refuse(leg, refusalFor(reason));
    }
  }

  private drainSession({ connection_id, epoch, limit_ms }: CommandOf<'drain'>): void {
    const session = this.sessions.find(connection_id);
    const legs = session?.legsUpTo(epoch) ?? [];
    if (session === undefined || legs.length === 0) throw new CommandRefusal('unknown-connection');
    this.sessions.drain(session, legs, limit_ms ?? this.options.drainMs);
  }

  /** The leg that a command names, under the identity that it names. @throws CommandRefusal when it is not there */
  private legOf(role: 'controller' | 'target', connectionId: string, attachmentId: string, identity: string) {
    const session = this.sessions.find(connectionId);
    const leg = session?.legNamed(attachmentId);
    const attachment = leg?.attachment;
    const isIt = attachment?.role === role && leg?.peer.id === identity;
    if (session === undefined || leg === undefined || attachment === undefined || !isIt) {
      throw new CommandRefusal(role === 'controller' ? 'controller-gone' : 'target-gone');
    }
    return { session, leg, attachment };
  }
}

/** A leg that a higher epoch took up is not ended by a word on a lower one. */
function refuseLate(leg: Leg, epoch: number): void {
  if ((leg.attachment?.epoch ?? 0) > epoch) throw new CommandRefusal('stale-epoch');
}

/** The protocol's word for what the control plane says. */
function refusalFor(reason: LegRejection): SessionRefusal {
  return reason === 'no-capacity' ? 'full' : reason;
}
