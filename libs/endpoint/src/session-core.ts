import { EventEmitter } from 'node:events';
import type { SessionPayloads, SessionProbe } from '#libs/relay';
import { brokerNamed } from './brokers.ts';
import { EndpointError, isErrorCode } from './errors.ts';
import type { Leg, LegFrame } from './leg.ts';
import type { Pace } from './leg-pulse.ts';
import { type EndpointTimings, timingsOf } from './options.ts';
import { type AttachPlan, Reattachment } from './reattachment.ts';
import { isFinalEnd, refusalError, refusalKind } from './refusal.ts';
import { SessionLegs } from './session-legs.ts';
import type {
  Session,
  SessionCoreOptions,
  SessionEnd,
  SessionEvents,
  SessionPhase,
  SessionStatus,
} from './session-types.ts';
import { StreamProtocolError } from './streams/stream-protocol.ts';

/** The silence that counts as death grows when it was none, up to this. */
const LONGEST_SILENCE_MS = 8_000;

/**
 * One side of a session, over however many legs. While there is none, or the active one is to be left, a
 * reattachment is under way.
 */
export class SessionCore extends EventEmitter<SessionEvents> implements Session {
  readonly closed: Promise<SessionEnd>;
  private phase: SessionPhase = 'waiting';
  private readonly legs = new SessionLegs();
  private readonly reattachment: Reattachment;
  private readonly timings: EndpointTimings;
  private readonly onAbort = (): void => this.hangUp('aborted', new EndpointError('aborted'));
  private epoch: number;
  private peer: string | undefined;
  /** The broker that is about to go. */
  private leaving: string | undefined;
  private resumes = 0;
  private silenceMs: number;
  private windowMs: number;
  private interruptedAtMs: number | undefined;
  private windowTimer: NodeJS.Timeout | undefined;
  private answerTimer: NodeJS.Timeout | undefined;
  /** What was said last has gone out. */
  private said: Promise<unknown> | undefined;

  constructor(private readonly options: SessionCoreOptions) {
    super();
    this.closed = new Promise((resolve) => this.once('closed', resolve));
    this.timings = timingsOf(options.endpoint);
    this.silenceMs = this.timings.silenceMs;
    this.windowMs = options.surviveMs ?? this.timings.resumeWindowMs;
    this.epoch = options.epoch;
    this.reattachment = new Reattachment({
      endpoint: options.endpoint,
      role: options.role,
      probes: options.probes ?? [],
      silenceMs: () => this.silenceMs,
      attached: (leg, probes) => this.resumeOn(leg, probes),
      retrying: (event) => this.emit('retrying', event),
    });
    this.startWindow(options.firstWindowMs);
    options.endpoint.signal?.addEventListener('abort', this.onAbort);
  }

  get status(): SessionStatus {
    const { mux, connectionId, homeRegion } = this.options;
    const leg = this.legs.current;
    return {
      phase: this.phase,
      connectionId,
      homeRegion,
      brokerId: leg?.broker.id,
      epoch: this.epoch,
      peer: this.peer,
      roundTripMs: leg?.roundTripMs,
      bytesSent: mux.bytesSent,
      bytesReceived: mux.bytesReceived,
      streams: mux.size,
      resumes: this.resumes,
    };
  }

  async close(reason: 'hung-up' = 'hung-up'): Promise<void> {
    this.hangUp(reason);
    await this.closed;
    await this.said;
  }

  /** Takes a leg on which the broker already knows this session. */
  adopt(leg: Leg, pace: Pace = 'open'): void {
    this.legs.wait(leg);
    leg.start(
      {
        frame: (frame) => this.receive(leg, frame),
        drained: () => leg === this.legs.active && this.options.mux.drained(),
        lost: (error) => this.lost(leg, error),
      },
      pace,
    );
  }

  /** Looks for a broker to attach to. */
  attach(plan: AttachPlan): void {
    if (this.phase !== 'closed') this.reattachment.start(plan);
  }

  private resumeOn(leg: Leg, probes: readonly SessionProbe[] | undefined): void {
    const { connectionId, homeRegion, role, surviveMs } = this.options;
    const known = probes ?? this.options.probes;
    this.adopt(leg);
    leg.send('resume', {
      ...{ connection_id: connectionId, home_region: homeRegion, role, epoch: this.epoch },
      ...(known === undefined ? {} : { probes: [...known] }),
      ...(surviveMs === undefined ? {} : { survive_ms: surviveMs }),
    });
    // A target is told that it is held; a controller may have to wait for the target.
    if (role === 'target') this.expectAnswer(leg);
  }

  private receive(leg: Leg, frame: LegFrame): void {
    if (!this.legs.has(leg)) return;
    switch (frame.name) {
      case 'data':
        if (leg === this.legs.active) this.receiveData(frame.payload);
        return;
      case 'opened':
        this.open(leg, frame.payload);
        return;
      case 'held':
        clearTimeout(this.answerTimer);
        return;
      case 'redirect': {
        const { broker_id, address } = frame.payload;
        // Whoever stands there already is seen there.
        if (leg !== this.legs.waiting && this.legs.waiting?.broker.id === broker_id) return;
        this.follow(broker_id, address);
        return;
      }
      case 'interrupted':
        // The other side is gone; the broker keeps this leg for when it is back.
        if (leg !== this.legs.active) return;
        this.legs.park();
        this.interrupt(frame.payload.reason);
        return;
      case 'goaway':
        // Said again while it leaves: what it has found, or is about to find, stays.
        if (this.leaving === leg.broker.id && leg === this.legs.active) return;
        this.leaving = leg.broker.id;
        this.attach({ measure: true, avoid: this.leaving });
        return;
      case 'refused':
        this.refused(leg, frame.payload);
        return;
      case 'bye':
        this.bye(leg, frame.payload.reason);
        return;
      default:
        leg.close();
        this.lost(leg, new EndpointError('protocol-error', `an unexpected ${frame.name}`));
    }
  }

  private open(leg: Leg, opened: SessionPayloads['opened']): void {
    // A lower epoch is an earlier placement's word that comes late.
    if (opened.epoch < this.epoch || (opened.epoch === this.epoch && leg === this.legs.active)) return;
    this.reattachment.stop();
    clearTimeout(this.answerTimer);
    clearTimeout(this.windowTimer);
    this.legs.activate(leg);
    this.leaving = undefined;
    this.epoch = opened.epoch;
    this.windowMs = opened.window_ms ?? this.options.surviveMs ?? this.timings.resumeWindowMs;
    leg.setPace('open');
    this.options.mux.attach(leg, opened.epoch);
    this.tellOpen(leg, opened.peer);
  }

  private tellOpen(leg: Leg, peer: string): void {
    const where = { brokerId: leg.broker.id, epoch: this.epoch };
    const before = this.phase;
    this.phase = 'open';
    if (this.peer !== peer) {
      this.peer = peer;
      this.emit('peer', { id: peer });
    }
    if (before === 'waiting') {
      this.emit('open', where);
      return;
    }
    const pauseMs = this.interruptedAtMs === undefined ? 0 : performance.now() - this.interruptedAtMs;
    this.interruptedAtMs = undefined;
    this.resumes += 1;
    this.emit('resumed', { ...where, pauseMs });
  }

  private receiveData(payload: Buffer): void {
    try {
      this.options.mux.receive(payload);
    } catch (error) {
      if (!(error instanceof StreamProtocolError)) throw error;
      const code = error.fault === 'gap' ? 'gap' : 'protocol-error';
      this.hangUp(code, new EndpointError(code, error.message));
    }
  }

  /** Goes where the other side is. */
  private follow(brokerId: string, address: string): void {
    this.attach({ first: brokerNamed(this.options.endpoint.brokers, brokerId, address), isDirected: true });
  }

  private refused(leg: Leg, payload: SessionPayloads['refused']): void {
    const error = refusalError(payload);
    const kind = refusalKind(payload.reason);
    if (kind === 'final') {
      this.finish({ reason: payload.reason, error });
      return;
    }
    leg.close();
    this.leave(leg, payload.reason);
    const { elsewhere } = error;
    this.emit('retrying', { brokerId: leg.broker.id, error, waitMs: error.retryAfterMs ?? 0 });
    if (kind === 'move' && elsewhere !== undefined) {
      this.follow(elsewhere.brokerId, elsewhere.address);
    } else this.attach({ avoid: leg.broker.id, waitMs: error.retryAfterMs ?? this.timings.backoffMinMs });
  }

  private bye(leg: Leg, reason: string): void {
    if (!isFinalEnd(reason)) {
      leg.close();
      this.lost(leg, new EndpointError('no-broker', reason));
      return;
    }
    const error = reason !== 'hung-up' && isErrorCode(reason) ? new EndpointError(reason) : undefined;
    this.finish(error === undefined ? { reason } : { reason, error });
  }

  private lost(leg: Leg, error: EndpointError): void {
    const isSilent = error.code === 'timeout';
    const wasUsed = this.legs.has(leg);
    if (isSilent && leg === this.legs.active) {
      this.silenceMs = Math.min(this.silenceMs * 2, Math.max(LONGEST_SILENCE_MS, this.timings.silenceMs));
    }
    this.leave(leg, isSilent ? 'broker-silent' : 'broker-lost');
    if (!wasUsed || this.legs.waiting !== undefined || this.reattachment.isRunning) return;
    const avoid = isSilent ? leg.broker.id : this.leaving;
    this.attach(avoid === undefined ? { first: leg.broker } : { avoid });
  }

  /** The leg is of no use any more. */
  private leave(leg: Leg, reason: string): void {
    if (leg === this.legs.waiting) clearTimeout(this.answerTimer);
    const wasActive = leg === this.legs.active;
    this.legs.remove(leg);
    if (wasActive) this.interrupt(reason);
  }

  private interrupt(reason: string): void {
    this.options.mux.detach();
    if (this.phase !== 'open') return;
    this.phase = 'interrupted';
    this.interruptedAtMs = performance.now();
    this.startWindow(this.windowMs);
    this.emit('interrupted', { reason });
  }

  private expectAnswer(leg: Leg): void {
    clearTimeout(this.answerTimer);
    this.answerTimer = setTimeout(() => {
      leg.close();
      this.lost(leg, new EndpointError('timeout', 'no answer'));
    }, this.timings.answerMs);
  }

  private startWindow(windowMs: number): void {
    clearTimeout(this.windowTimer);
    this.windowTimer = setTimeout(() => {
      const error = new EndpointError('window-over', this.reattachment.lastError?.message);
      this.hangUp('window-over', error);
    }, windowMs);
  }

  /** Ends the session from this side, and says so where somebody listens. */
  private hangUp(reason: string, error?: EndpointError): void {
    this.finish(error === undefined ? { reason } : { reason, error }, reason);
  }

  private finish(end: SessionEnd, lastWord?: string): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.reattachment.stop();
    clearTimeout(this.windowTimer);
    clearTimeout(this.answerTimer);
    this.options.endpoint.signal?.removeEventListener('abort', this.onAbort);
    this.options.mux.close();
    this.said = this.legs.close(lastWord);
    this.emit('closed', end);
  }
}
