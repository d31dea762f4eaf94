import { type AgentContext, type Commanded, EpochFence, MAX_KNOWN_CONNECTIONS } from '#libs/agent';
import { isFinalClose, type RelayCloseReason, type RelayCloser } from '#libs/contracts';
import { SESSION_REFUSALS, type SessionPayloads, type SessionRefusal } from '#libs/relay';
import { type Attachment, attachAgain } from './attachment.ts';
import type { Leg } from './leg.ts';
import type { BrokerMetrics, LegEnd } from './metrics.ts';
import { Relay, type RelayEnd } from './relay.ts';
import { Session } from './session.ts';
import { SessionFacts } from './session-facts.ts';

/** Nobody is told to come back sooner. */
export const RETRY_AFTER_MS = 1_000;

interface Ends {
  readonly controller: Leg;
  readonly target: Leg;
}

/** What a command says of the relay that it opens, beside its ends. */
interface Opening {
  readonly epoch: number;
  /** How long its ends may be apart; undefined: as long as the target asked, or as they have it by themselves. */
  readonly windowMs: number | undefined;
  /** That the relay is part of. */
  readonly trace: Commanded['trace'];
}

/** An endpoint left a relay. */
interface LegGone {
  readonly reason: RelayCloseReason;
  /** Its own word; undefined: it went without one. */
  readonly said: RelayCloseReason | undefined;
}

/** All sessions of this broker, and how legs come, go, are spliced and are let go. It decides nothing. */
export class Sessions {
  readonly fence = new EpochFence(MAX_KNOWN_CONNECTIONS);
  readonly facts: SessionFacts;
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly agent: AgentContext<BrokerMetrics>) {
    this.facts = new SessionFacts(agent);
  }

  find(connectionId: string): Session | undefined {
    return this.sessions.get(connectionId);
  }

  all(): Iterable<Session> {
    return this.sessions.values();
  }

  get relays(): number {
    let relays = 0;
    for (const session of this.sessions.values()) if (session.relay !== undefined) relays += 1;
    return relays;
  }

  /** Sessions that are placed here, spliced or not. */
  get placed(): number {
    let placed = 0;
    for (const session of this.sessions.values()) if (session.placedEpoch !== undefined) placed += 1;
    return placed;
  }

  join(leg: Leg, attachment: Attachment): void {
    const { connectionId } = attachment.session;
    const session = this.sessions.get(connectionId) ?? new Session(attachment.session);
    this.sessions.set(connectionId, session);
    session.legs.add(leg);
    leg.attachment = attachment;
    leg.enter('asking');
  }

  /** Both ends are told once the relay stands; what it replaces is over before. */
  open(session: Session, { controller, target }: Ends, { epoch, windowMs, trace }: Opening): void {
    const keep = [controller, target];
    this.replace(session, keep);
    for (const leg of session.legs) if (!keep.includes(leg) && leg.state !== 'asking') this.letGo(leg);
    const nowMs = (): number => this.agent.clock.monotonicMs();
    session.relay = new Relay(epoch, controller, target, this.agent.metrics, nowMs);
    session.leaveByMs = undefined;
    const window_ms = windowMs ?? target.attachment?.surviveMs;
    for (const leg of keep) {
      if (leg.attachment !== undefined) Object.assign(leg.attachment, { epoch, leaving: false });
      leg.enter('open');
      leg.send('opened', {
        connection_id: session.named.connectionId,
        epoch,
        peer: (leg === controller ? target : controller).peer.id,
        ...(window_ms === undefined ? {} : { window_ms }),
      });
    }
    this.agent.metrics.relaysOpened.inc();
    this.facts.opened(session.named, epoch, trace);
    this.agent.changed();
  }

  /** The target stays on this leg for this epoch; what stood here before is over, but for the controller's leg. */
  hold(session: Session, epoch: number, target: Leg, attachment: Attachment): void {
    this.replace(session, [target]);
    for (const leg of session.legs) {
      if (leg !== target && leg.attachment?.role === 'target' && leg.state !== 'asking') this.letGo(leg);
    }
    Object.assign(attachment, { epoch, held: true, leaving: false });
    session.leaveByMs = undefined;
    target.enter('waiting');
    this.agent.changed();
  }

  /** The endpoint left this leg, with a word or without. */
  left(leg: Leg, said: RelayCloseReason | undefined): void {
    const { attachment } = leg;
    const session = attachment && this.sessions.get(attachment.session.connectionId);
    if (attachment === undefined || session === undefined) return;
    // Whose leg it was has to be known for its last word to count; that word is true whenever it was said.
    if (said !== undefined && isFinalClose(said)) leg.isThere();
    const lost = attachment.role === 'controller' ? 'controller-lost' : 'target-lost';
    const reason = said ?? (attachment.leaving || session.leaveByMs !== undefined ? 'moved' : lost);
    session.legs.delete(leg);
    if (session.relay?.has(leg)) this.endWith(leg, session, session.relay, { reason, said });
    // Who was sent away and says that it went, says nothing new.
    else if (!attachment.leaving || (said !== undefined && said !== 'moved')) {
      this.facts.legClosed(attachment, reason, attachment.role);
    }
    this.forgetEmpty(session);
  }

  /** Refuses what a leg asked for, and closes it. */
  refuse(leg: Leg, reason: SessionRefusal, more: Omit<SessionPayloads['refused'], 'reason'> = {}): void {
    const isRetry = SESSION_REFUSALS[reason] === 'retry';
    this.agent.metrics.refusals.inc({ reason });
    leg.send('refused', { reason, ...(isRetry ? { retry_after_ms: RETRY_AFTER_MS } : {}), ...more });
    this.close(leg, reason === 'timeout' ? 'timeout' : 'refused');
  }

  /** Tells the control plane that a leg which asked is gone by this broker's own doing. */
  giveUp(leg: Leg, reason: RelayCloseReason, closedBy: RelayCloser): void {
    if (leg.attachment !== undefined) this.facts.legClosed(leg.attachment, reason, closedBy);
  }

  /** Closes a leg without a fact: whoever calls has said what there is to say. */
  close(leg: Leg, end: LegEnd): void {
    const session = leg.attachment && this.sessions.get(leg.attachment.session.connectionId);
    leg.finish(end);
    if (session === undefined) return;
    session.legs.delete(leg);
    this.forgetEmpty(session);
  }

  /** The endpoint has to go elsewhere; what it has here goes on until then. */
  sendAway(leg: Leg): void {
    if (leg.attachment === undefined) return;
    leg.attachment.leaving = true;
    if (leg.state !== 'open') leg.enter('waiting');
  }

  /** The relay is over, and that epoch is never carried here again; its legs are the caller's to care for. */
  takeDown(session: Session, end: RelayEnd): Relay | undefined {
    const { relay } = session;
    if (relay === undefined) return undefined;
    session.relay = undefined;
    this.fence.end(session.named.connectionId, relay.epoch);
    this.agent.metrics.relaysClosed.inc({ reason: end.reason });
    this.facts.closed(session.named, relay, end);
    this.agent.changed();
    return relay;
  }

  /** Looks at what goes by time. */
  tick(): void {
    const nowMs = this.agent.clock.monotonicMs();
    for (const session of [...this.sessions.values()]) {
      if (session.leaveByMs === undefined || nowMs < session.leaveByMs) continue;
      session.leaveByMs = undefined;
      this.closeAll(session, 'shutdown', 'drained');
    }
  }

  /** Tells both ends to attach elsewhere, and closes what did not within the time. */
  drain(session: Session, legs: readonly Leg[], limitMs: number): void {
    for (const leg of legs) leg.send('goaway', { reason: 'draining' });
    session.leaveByMs ??= this.agent.clock.monotonicMs() + limitMs;
    this.agent.changed();
  }

  /** Its session goes on elsewhere, and it is about to hear of that there: it leaves by itself, or is closed after a while. */
  awaitLeave(leg: Leg): void {
    if (leg.attachment === undefined || leg.isOver) return;
    leg.attachment.leaving = true;
    leg.enter('waiting');
  }

  /** Everything of a session ends here by the broker's own doing; its endpoints may go on elsewhere. */
  closeAll(session: Session, reason: 'shutdown', end: LegEnd): void {
    const legs = [...session.legs];
    const relay = this.takeDown(session, { reason, closedBy: 'broker' });
    for (const leg of legs) {
      if (relay?.has(leg) !== true) this.giveUp(leg, reason, 'broker');
      this.close(leg, end);
    }
  }

  letGo(leg: Leg): void {
    this.close(leg, 'superseded');
  }

  /** One leg is gone, and with it the relay. Who is left may wait here for the other, unless it is time to go. */
  private endWith(gone: Leg, session: Session, relay: Relay, { reason, said }: LegGone): void {
    this.takeDown(session, { reason, closedBy: gone === relay.controller ? 'controller' : 'target' });
    const other = relay.otherOf(gone);
    if (isFinalClose(reason)) {
      for (const leg of [...session.legs]) {
        leg.send('bye', { reason });
        this.close(leg, 'session-over');
      }
    } else if (said === 'moved') this.awaitLeave(other);
    else if (reason === 'moved') this.letGo(other);
    else this.attachAnew(other, reason);
  }

  /** What a command replaces is over; legs that it names keep theirs, and so does the controller. */
  private replace(session: Session, keep: readonly Leg[]): void {
    const relay = this.takeDown(session, { reason: 'moved', closedBy: 'broker' });
    if (relay === undefined) return;
    for (const leg of [relay.controller, relay.target]) {
      if (leg.isOver) continue;
      leg.enter('waiting');
      if (!keep.includes(leg)) leg.send('interrupted', { reason: 'moved' });
    }
  }

  /**
   * A leg that stays when its relay is over attaches anew, under another name, as one does that comes again; once it has
   * shown that it is there. The end of the relay may be all that is left of it, when both ends went elsewhere meanwhile.
   */
  private attachAnew(leg: Leg, reason: RelayCloseReason): void {
    const { attachment } = leg;
    if (attachment === undefined || leg.isOver) return;
    leg.send('interrupted', { reason });
    leg.attachment = attachAgain(attachment, attachment.epoch ?? attachment.knownEpoch);
    leg.enter('asking');
    const anew = leg.attachment;
    leg.whenAlive(() => this.facts.attached(anew, leg.peer));
  }

  private forgetEmpty(session: Session): void {
    if (session.legs.size === 0 && session.relay === undefined)
      this.sessions.delete(session.named.connectionId);
  }
}
