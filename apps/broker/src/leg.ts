import type { TLSSocket } from 'node:tls';
import {
  type ControlFrameName,
  encodeControl,
  encodePingFrame,
  SESSION_TIMING,
  SessionDecoder,
  type SessionFault,
  type SessionFrame,
  type SessionPayloads,
  type SessionPeer,
  SessionProtocolError,
} from '#libs/relay';
import type { Attachment } from './attachment.ts';
import type { BufferBudget } from './buffer-budget.ts';
import { LegWriter } from './leg-writer.ts';
import type { LegEnd } from './metrics.ts';

/**
 * How far an endpoint's connection came.
 * - `greeting`: nothing said yet, so nothing is answered
 * - `greeted`: it said hello, and may ping
 * - `asking`: it asked for something that the control plane has to decide
 * - `waiting`: it has its answer and waits for the other end
 * - `open`: it is one end of a relay
 * - `closing`: nothing of it counts any more; what was written goes out
 */
export const LEG_STATES = ['greeting', 'greeted', 'asking', 'waiting', 'open', 'closing'] as const;
export type LegState = (typeof LEG_STATES)[number];

export interface LegLimits {
  /** From the TCP connection to the whole hello, in milliseconds. */
  readonly helloMs: number;
  /** From the hello to a request. */
  readonly requestMs: number;
  /** From a request to its answer. */
  readonly answerMs: number;
  /** From a redirection to the end of what still stands here of it. */
  readonly leaveMs: number;
  /** Nothing heard for so long in an open session. */
  readonly silenceMs: number;
  /** Nothing heard for so long while it waits. */
  readonly idleSilenceMs: number;
  /** From the last word to the end of the connection, for a reader that takes its time. */
  readonly lingerMs: number;
}

export interface LegHandlers {
  frame(leg: Leg, frame: SessionFrame): void;
  fault(leg: Leg, fault: SessionFault): void;
  /** Our own fault: it must end this leg, and no other. */
  failed(leg: Leg, error: unknown): void;
  /** The endpoint went, or is silent; not called for a leg that was closed from here. */
  lost(leg: Leg, end: LegEnd): void;
  /** The time for its hello, its request, the answer to it, or its leave is over; said again while the leg stays. */
  overdue(leg: Leg): void;
  gone(leg: Leg, end: LegEnd): void;
}

/** One endpoint's connection: frames, pings, silence, and what waits for a slow reader. */
export class Leg {
  state: LegState = 'greeting';
  role: 'controller' | 'target' | 'probe' | undefined;
  attachment: Attachment | undefined;
  /** It was an end of a relay: data may still be on its way. */
  wasOpen = false;
  /** Frames that came before it asked for anything. */
  framesBefore = 0;
  /** Round trip of the latest ping, in milliseconds. */
  rttMs: number | undefined;
  private readonly decoder = new SessionDecoder('endpoint');
  private readonly writer: LegWriter;
  private readonly waitsFor = new Set<Leg>();
  private readonly blocked = new Set<Leg>();
  private stateSinceMs: number;
  private heardMs: number;
  private saidMs: number;
  private pingMs: number | undefined;
  private pings = 0n;
  private accountedBytes = 0;
  private isGone = false;
  private end: LegEnd | undefined;
  private alive: (() => void) | undefined;

  constructor(
    private readonly socket: TLSSocket,
    readonly peer: SessionPeer,
    /** Where it comes from, for limits. */
    readonly address: string,
    private readonly limits: LegLimits,
    private readonly budget: BufferBudget,
    private readonly handlers: LegHandlers,
    private readonly nowMs: () => number,
  ) {
    this.stateSinceMs = this.heardMs = this.saidMs = nowMs();
    this.writer = new LegWriter(socket);
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('drain', () => this.drained());
    socket.on('end', () => this.lose('closed'));
    socket.on('error', () => this.lose('reset'));
    socket.on('close', () => this.close());
  }

  enter(state: LegState): void {
    this.state = state;
    if (state === 'open') this.wasOpen = true;
    this.stateSinceMs = this.nowMs();
  }

  get isOver(): boolean {
    return this.state === 'closing';
  }

  send<Name extends ControlFrameName>(name: Name, payload: SessionPayloads[Name]): void {
    if (this.isOver) return;
    this.write([encodeControl(name, payload)]);
  }

  pong(token: bigint): void {
    this.write([encodePingFrame('pong', token)]);
  }

  ponged(token: bigint): void {
    if (this.pingMs === undefined || token !== this.pings) return;
    this.rttMs = this.nowMs() - this.pingMs;
    this.pingMs = undefined;
    this.isThere();
  }

  /** It has shown that it is there. */
  isThere(): void {
    const { alive } = this;
    this.alive = undefined;
    alive?.();
  }

  /**
   * Calls back once the endpoint has answered a ping that goes out now, if it ever does. What came before may be old: a
   * process that stood still finds what its endpoints said before they left.
   */
  whenAlive(then: () => void): void {
    this.alive = then;
    this.ping(this.nowMs());
  }

  /** Passes a whole data frame on to this leg; `from` waits while this reader is slow. @returns why it waits, if it does */
  carry(parts: readonly Buffer[], from: Leg): 'slow-reader' | 'broker-full' | undefined {
    this.write(parts);
    const isSlow = this.writer.queuedBytes > this.budget.legBytes;
    if (!isSlow && !(this.budget.isOver && this.socket.writableNeedDrain)) return undefined;
    if (this.blocked.has(from)) return undefined;
    from.waitFor(this);
    return isSlow ? 'slow-reader' : 'broker-full';
  }

  /** Says the last word; what was written before goes out, and then the connection ends. */
  finish(end: LegEnd): void {
    if (this.isOver) return;
    this.enter('closing');
    this.end = end;
    this.writer.end();
    this.release();
    this.stopWaiting();
    // What still comes is read, so that its end is, and thrown away.
    this.socket.resume();
  }

  /** Ends the connection without a word. */
  destroy(end: LegEnd): void {
    this.finish(end);
    this.socket.destroy();
  }

  /** Looks at everything that goes by time. @param sleptMs how long nobody could listen, since the last look */
  tick(sleptMs: number): void {
    const nowMs = this.nowMs();
    this.heardMs += sleptMs;
    this.stateSinceMs += sleptMs;
    this.account();
    const inStateMs = nowMs - this.stateSinceMs;
    if (this.isOver) {
      if (inStateMs > this.limits.lingerMs) this.socket.destroy();
      return;
    }
    if (inStateMs > this.patienceMs()) this.handlers.overdue(this);
    if (this.isOver) return;
    const isOpen = this.state === 'open';
    // Who has to wait for the other reader cannot be heard.
    if (this.waitsFor.size > 0) this.heardMs = nowMs;
    const silenceMs = isOpen ? this.limits.silenceMs : this.limits.idleSilenceMs;
    if (nowMs - this.heardMs > silenceMs) {
      this.lose('silent');
      return;
    }
    if (this.state === 'greeting' || this.state === 'greeted') return;
    const pingMs = isOpen ? SESSION_TIMING.pingIntervalMs : SESSION_TIMING.idlePingIntervalMs;
    if (nowMs - this.saidMs >= pingMs && !this.socket.writableNeedDrain) this.ping(nowMs);
  }

  private patienceMs(): number {
    switch (this.state) {
      case 'greeting':
        return this.limits.helloMs;
      case 'greeted':
        return this.limits.requestMs;
      case 'asking':
        return this.limits.answerMs;
      case 'waiting':
        return this.attachment?.leaving ? this.limits.leaveMs : Number.POSITIVE_INFINITY;
      default:
        return Number.POSITIVE_INFINITY;
    }
  }

  private ping(nowMs: number): void {
    this.pings += 1n;
    this.pingMs = nowMs;
    this.write([encodePingFrame('ping', this.pings)]);
  }

  private take(chunk: Buffer): void {
    if (this.isOver) return;
    this.heardMs = this.nowMs();
    try {
      for (const frame of this.decoder.push(chunk)) {
        this.handlers.frame(this, frame);
        if (this.isOver) return;
      }
    } catch (error) {
      if (error instanceof SessionProtocolError) this.handlers.fault(this, error.fault);
      else this.handlers.failed(this, error);
    }
    // Answers to pings pile up as well, for who sends and does not read.
    if (this.writer.queuedBytes > this.budget.legBytes) this.waitFor(this);
  }

  private write(parts: readonly Buffer[]): void {
    if (this.isGone || this.socket.writableEnded) return;
    this.saidMs = this.nowMs();
    this.writer.write(parts);
    this.account();
  }

  private waitFor(reader: Leg): void {
    if (reader.isGone) return;
    this.waitsFor.add(reader);
    reader.blocked.add(this);
    this.socket.pause();
  }

  private drained(): void {
    this.account();
    this.release();
  }

  /** Lets everybody go on who waited for this reader. */
  private release(): void {
    for (const sender of this.blocked) {
      sender.waitsFor.delete(this);
      if (sender.waitsFor.size === 0) sender.socket.resume();
    }
    this.blocked.clear();
  }

  private stopWaiting(): void {
    for (const reader of this.waitsFor) reader.blocked.delete(this);
    this.waitsFor.clear();
  }

  private account(): void {
    const queuedBytes = this.isGone ? 0 : this.writer.queuedBytes;
    this.budget.change(queuedBytes - this.accountedBytes);
    this.accountedBytes = queuedBytes;
  }

  private lose(end: LegEnd): void {
    if (!this.isOver) {
      this.handlers.lost(this, end);
      this.finish(end);
    }
    if (end !== 'closed') this.socket.destroy();
  }

  private close(): void {
    this.lose('reset');
    this.isGone = true;
    this.account();
    this.release();
    this.stopWaiting();
    this.handlers.gone(this, this.end ?? 'reset');
  }
}
