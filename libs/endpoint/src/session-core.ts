import { EventEmitter } from 'node:events';
import type { SessionPayloads, SessionProbe } from '#libs/relay';
import { brokerNamed } from './brokers.ts';
import { EndpointError, isErrorCode } from './errors.ts';
import type { Leg, LegFrame } from './leg.ts';
import type { Pace } from './leg-pulse.ts';
import { type EndpointOptions, type EndpointTimings, timingsOf } from './options.ts';
import { type AttachPlan, Reattachment } from './reattachment.ts';
import { isFinalEnd, refusalError, refusalKind } from './refusal.ts';
import type { Session, SessionEnd, SessionEvents, SessionPhase, SessionStatus } from './session-types.ts';
import type { StreamMux } from './streams/stream-mux.ts';
import { StreamProtocolError } from './streams/stream-protocol.ts';

export interface SessionCoreOptions {
  readonly role: 'controller' | 'target';
  readonly endpoint: EndpointOptions;
  readonly connectionId: string;
  readonly homeRegion: string;
  /** The last epoch known; 0: none. */
  readonly epoch: number;
  readonly mux: StreamMux;
  /** What was measured, nearest first. */
  readonly probes?: readonly SessionProbe[];
  readonly surviveMs?: number;
  /** How long it may wait to be opened for the first time, in milliseconds. */
  readonly firstWindowMs: number;
}

/** The silence that counts as death grows when it was none, up to this. */
const LONGEST_SILENCE_MS = 8_000;

/**
 * One side of a session, over however many legs. At most one leg is `active`: it carries the streams. At most one
 * is `waiting`: attached at a broker that is to open it. While there is neither, or the active one is to be left,
 * a reattachment is under way.
 */
export class SessionCore extends EventEmitter<SessionEvents> implements Session {
  readonly closed: Promise<SessionEnd>;
  private phase: SessionPhase = 'waiting';
  private active: Leg | undefined;
  private waiting: Leg | undefined;
  private readonly reattachment: Reattachment;
  private readonly timings: EndpointTimings;
  private readonly onAbort = (): void =>
    this.finish({ reason: 'aborted', error: new EndpointError('aborted') });
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
  private settleClosed: (end: SessionEnd) => void = () => {};

  constructor(private readonly options: SessionCoreOptions) {
    super();
    this.closed = new Promise((resolve) => {
      this.settleClosed = resolve;
    });
    this.timings = timingsOf(options.endpoint);
    this.silenceMs = this.timings.silenceMs;
    this.windowMs = options.surviveMs ?? this.timings.resumeWindowMs;
    this.epoch = options.epoch;
    this.reattachment = new Reattachment({
      endpoint: options.endpoint,
      role: options.role,
      order: (options.probes ?? []).map(({ broker_id }) => broker_id),
      silenceMs: () => this.silenceMs,
      attached: (leg, probes) => this.resumeOn(leg, probes),
      retrying: (event) => this.emit('retrying', event),
    });
    this.startWindow(options.firstWindowMs);
    options.endpoint.signal?.addEventListener('abort', this.onAbort);
  }

  get status(): SessionStatus {
    const { mux, connectionId, homeRegion } = this.options;
    const leg = this.active ?? this.waiting;
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
  }

  /** Takes a leg on which the broker already knows this session. */
  adopt(leg: Leg, pace: Pace = 'open'): void {
    if (this.waiting !== leg) this.waiting?.close();
    this.waiting = leg;
    leg.start(
      {
        frame: (frame) => this.receive(leg, frame),
        drained: () => leg === this.active && this.options.mux.drained(),
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
    if (leg !== this.active && leg !== this.waiting) return;
    switch (frame.name) {
      case 'data':
        if (leg === this.active) this.receiveData(frame.payload);
        return;
      case 'opened':
        this.open(leg, frame.payload);
        return;
      case 'held':
        clearTimeout(this.answerTimer);
        return;
      case 'redirect': {
        const { broker_id, address } = frame.payload;
        this.attach({ first: brokerNamed(this.options.endpoint.brokers, broker_id, address) });
        return;
      }
      case 'interrupted':
        this.park(leg, frame.payload.reason);
        return;
      case 'goaway':
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
    if (opened.epoch < this.epoch || (opened.epoch === this.epoch && leg === this.active)) return;
    this.reattachment.stop();
    clearTimeout(this.answerTimer);
    clearTimeout(this.windowTimer);
    // Without a word: the broker that is left knows that it was, or is not there to be told.
    for (const other of [this.active, this.waiting]) if (other !== leg) other?.close();
    this.active = leg;
    this.waiting = undefined;
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

  /** The other side is gone; the broker keeps this leg for when it is back. */
  private park(leg: Leg, reason: string): void {
    if (leg !== this.active) return;
    this.active = undefined;
    this.waiting?.close();
    this.waiting = leg;
    this.interrupt(reason);
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
      const { brokerId, address } = elsewhere;
      this.attach({ first: brokerNamed(this.options.endpoint.brokers, brokerId, address) });
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
    const wasUsed = leg === this.active || leg === this.waiting;
    if (isSilent && leg === this.active) {
      this.silenceMs = Math.min(this.silenceMs * 2, Math.max(LONGEST_SILENCE_MS, this.timings.silenceMs));
    }
    this.leave(leg, isSilent ? 'broker-silent' : 'broker-lost');
    if (!wasUsed || this.waiting !== undefined || this.reattachment.isRunning) return;
    const avoid = isSilent ? leg.broker.id : this.leaving;
    this.attach(avoid === undefined ? { first: leg.broker } : { avoid });
  }

  /** The leg is of no use any more. */
  private leave(leg: Leg, reason: string): void {
    if (leg === this.waiting) {
      this.waiting = undefined;
      clearTimeout(this.answerTimer);
    }
    if (leg !== this.active) return;
    this.active = undefined;
    this.interrupt(reason);
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
    if (this.phase === 'closed') return;
    for (const leg of [this.active, this.waiting]) leg?.send('bye', { reason });
    this.finish(error === undefined ? { reason } : { reason, error });
  }

  private finish(end: SessionEnd): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.reattachment.stop();
    clearTimeout(this.windowTimer);
    clearTimeout(this.answerTimer);
    this.options.endpoint.signal?.removeEventListener('abort', this.onAbort);
    this.options.mux.close();
    this.active?.close();
    this.waiting?.close();
    this.active = undefined;
    this.waiting = undefined;
    this.settleClosed(end);
    this.emit('closed', end);
  }
}
