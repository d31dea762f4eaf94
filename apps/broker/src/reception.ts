import type { TLSSocket } from 'node:tls';
import type { AgentContext } from '#libs/agent';
import { RELAY_CLOSE_REASONS, type RelayCloseReason } from '#libs/contracts';
import {
  SESSION_VERSION,
  type SessionFault,
  type SessionFrame,
  type SessionPeer,
  SessionProtocolError,
} from '#libs/relay';
import type { BufferBudget } from './buffer-budget.ts';
import { IdleLegs } from './idle-legs.ts';
import { Leg, type LegHandlers, type LegLimits } from './leg.ts';
import type { BrokerMetrics, LegEnd } from './metrics.ts';
import type { Requests } from './requests.ts';
import type { Sessions } from './sessions.ts';

/** Frames of an endpoint before it asks for anything; pings for its probe are the most of them. */
const MAX_FRAMES_BEFORE_REQUEST = 64;
/** What an endpoint may say when it ends a session; anything else counts as the first. */
const BYES: readonly RelayCloseReason[] = [
  ...(['hung-up', 'declined', 'gap', 'idle-timeout', 'protocol-error', 'moved'] as const),
];

export interface ReceptionOptions {
  readonly limits: LegLimits;
  readonly maxLegs: number;
  /** Of one address, legs at most that have not asked for anything yet. */
  readonly maxIdlePerAddress: number;
}

/** What endpoints say, in the order that the protocol allows; whatever has to be decided becomes a fact. */
export class Reception implements LegHandlers {
  readonly legs = new Set<Leg>();
  private readonly idle = new IdleLegs();

  constructor(
    private readonly agent: AgentContext<BrokerMetrics>,
    private readonly sessions: Sessions,
    private readonly requests: Requests,
    private readonly budget: BufferBudget,
    private readonly options: ReceptionOptions,
  ) {}

  arrived(socket: TLSSocket, peer: SessionPeer, address: string): void {
    const { clock } = this.agent;
    const leg = new Leg(socket, peer, address, this.options.limits, this.budget, this, () =>
      clock.monotonicMs(),
    );
    this.legs.add(leg);
    if (this.idle.add(leg) <= this.options.maxIdlePerAddress) return;
    this.agent.metrics.doorRefusals.inc({ reason: 'too-many-from-address' });
    leg.destroy('refused');
  }

  /** Takes on nothing new; whoever waits for an answer is sent elsewhere. */
  drain(): void {
    this.requests.drain();
    for (const leg of this.legs) if (leg.state === 'asking') this.turnAway(leg, 'draining');
  }

  frame(leg: Leg, frame: SessionFrame): void {
    switch (leg.state) {
      case 'greeting':
        this.greet(leg, frame);
        return;
      case 'greeted':
        this.beforeRequest(leg, frame);
        return;
      case 'asking':
      case 'waiting':
      case 'open':
        this.afterRequest(leg, frame);
        return;
      case 'closing':
        return;
      default:
        leg.state satisfies never;
    }
  }

  fault(leg: Leg, fault: SessionFault): void {
    const { metrics, log } = this.agent;
    metrics.faults.inc({ fault, state: leg.state });
    log.warn({ identity: leg.peer.id, fault, state: leg.state }, 'an endpoint broke the protocol');
    // Before its hello nothing is answered.
    if (leg.state === 'greeting') {
      leg.destroy('fault');
      return;
    }
    this.sessions.left(leg, 'protocol-error');
    leg.send('refused', { reason: 'protocol-error' });
    leg.finish('fault');
  }

  lost(leg: Leg, _end: LegEnd): void {
    this.sessions.left(leg, undefined);
  }

  overdue(leg: Leg): void {
    switch (leg.state) {
      case 'greeting':
        this.agent.metrics.doorRefusals.inc({ reason: 'hello-timeout' });
        leg.destroy('timeout');
        return;
      case 'greeted':
        this.sessions.refuse(leg, 'timeout');
        return;
      case 'asking':
        // Who comes back waits for the other end, however long the session does; but not where nobody hears of it.
        if (leg.attachment?.resumed && !this.agent.facts.isFailing) return;
        this.turnAway(leg, 'unavailable');
        return;
      default:
        this.sessions.close(leg, 'redirected');
    }
  }

  failed(leg: Leg, error: unknown): void {
    this.agent.log.error({ err: error, identity: leg.peer.id, state: leg.state }, 'a frame was not handled');
    this.sessions.left(leg, undefined);
    leg.destroy('fault');
  }

  gone(leg: Leg, end: LegEnd): void {
    this.legs.delete(leg);
    this.idle.delete(leg);
    this.agent.metrics.legsEnded.inc({ reason: end });
  }

  private greet(leg: Leg, frame: SessionFrame): void {
    if (frame.name !== 'hello') throw new SessionProtocolError('unexpected-frame', frame.name);
    const { version, role } = frame.payload;
    leg.role = role;
    leg.enter('greeted');
    this.agent.metrics.legs.inc({ role });
    if (version !== SESSION_VERSION) {
      this.sessions.refuse(leg, 'unsupported-version');
      return;
    }
    if (this.legs.size > this.options.maxLegs) {
      this.sessions.refuse(leg, 'full');
      return;
    }
    leg.send('welcome', {
      broker_id: this.agent.identity.agentId,
      region: this.agent.identity.region,
      draining: this.requests.isDraining,
      full: this.requests.isFull,
    });
  }

  private beforeRequest(leg: Leg, frame: SessionFrame): void {
    leg.framesBefore += 1;
    if (leg.framesBefore > MAX_FRAMES_BEFORE_REQUEST)
      throw new SessionProtocolError('unexpected-frame', 'too many');
    switch (frame.name) {
      case 'ping':
        leg.pong(frame.token);
        return;
      case 'pong':
        return;
      case 'bye':
        leg.finish('bye');
        return;
      case 'new':
        if (leg.role !== 'controller') break;
        this.idle.delete(leg);
        void this.requests.requested(leg, frame.payload);
        return;
      case 'attach':
        if (leg.role !== 'target') break;
        this.idle.delete(leg);
        void this.requests.attached(leg, frame.payload);
        return;
      case 'resume':
        if (leg.role !== frame.payload.role) break;
        this.idle.delete(leg);
        void this.requests.resumed(leg, frame.payload);
        return;
      default:
    }
    throw new SessionProtocolError('unexpected-frame', frame.name);
  }

  private afterRequest(leg: Leg, frame: SessionFrame): void {
    switch (frame.name) {
      case 'ping':
        leg.pong(frame.token);
        return;
      case 'pong':
        leg.ponged(frame.token);
        return;
      case 'data':
        this.data(leg, frame);
        return;
      case 'consent':
        this.consented(leg);
        return;
      case 'bye':
        this.sessions.left(leg, byeReason(frame.payload.reason));
        leg.finish('bye');
        return;
      default:
        throw new SessionProtocolError('unexpected-frame', frame.name);
    }
  }

  private data(leg: Leg, frame: Extract<SessionFrame, { name: 'data' }>): void {
    const session = leg.attachment && this.sessions.find(leg.attachment.session.connectionId);
    if (session?.relay?.has(leg)) {
      session.relay.carry(leg, frame.parts, frame.payloadBytes);
      return;
    }
    // What was on its way when the relay ended is the ends' own to send again.
    if (leg.wasOpen) {
      this.agent.metrics.dataDropped.inc({ reason: 'no-relay' });
      return;
    }
    throw new SessionProtocolError('unexpected-frame', 'data');
  }

  private consented(leg: Leg): void {
    const { attachment } = leg;
    if (attachment === undefined || !attachment.held || attachment.consented)
      throw new SessionProtocolError('unexpected-frame', 'consent');
    attachment.consented = true;
    this.sessions.facts.attached(attachment, leg.peer);
  }

  /** A leg whose request will not be answered any more. */
  private turnAway(leg: Leg, reason: 'draining' | 'unavailable'): void {
    this.sessions.giveUp(leg, leg.role === 'controller' ? 'controller-lost' : 'target-lost', 'broker');
    this.sessions.refuse(leg, reason);
  }
}

function byeReason(said: string): RelayCloseReason {
  const known = RELAY_CLOSE_REASONS.find((reason) => reason === said);
  return known !== undefined && BYES.includes(known) ? known : 'hung-up';
}
