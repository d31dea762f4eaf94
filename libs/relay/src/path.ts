import type { Duplex } from 'node:stream';
import { FrameDecoder } from './frame-decoder.ts';
import {
  encodeData,
  encodeFrame,
  encodePing,
  encodeRefuse,
  FRAME_TYPE,
  LINK_LIMITS,
  LinkProtocolError,
  type ProtocolFault,
  type RefuseCode,
  readRefuseCode,
} from './link-protocol.ts';

/** Why a path ended; the words are those of `connection-lost`. */
export type PathEnd = 'peer-closed' | 'peer-reset' | 'keepalive-timeout' | 'protocol-error';

export interface PathHandlers {
  /**
   * Asked before every write to the link and before anything that came is handled; false: neither is done.
   * Its duty is to end what may no longer be carried.
   */
  permit(): boolean;
  messages(messages: Buffer[]): void;
  ready(): void;
  refused(code: RefuseCode): void;
  /** The buffer towards the peer is empty again, after `send` gave false. */
  drained(): void;
  /** Once, and not after `close()`. The path is closed already. */
  ended(end: PathEnd, fault?: ProtocolFault): void;
}

export interface PathOptions {
  readonly keepaliveIntervalMs: number;
  readonly keepaliveMisses: number;
  /** Monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

/** Share of a new round trip in the smoothed one: a single outlier says little. */
const RTT_WEIGHT = 1 / 8;
const REFUSE_LINGER_MS = 1_000;

/**
 * One stream between two sidecars after the preface. Has no timers of its own: its owner calls `tick`
 * several times a keepalive interval.
 */
export class LinkPath {
  private readonly decoder = new FrameDecoder();
  private closed = false;
  private pingNumber = 0;
  private pingSentMs: number;
  private pingOutstanding = false;
  private heardMs: number;
  private smoothedRttMs: number | undefined;
  /** What waits for the answer to a ping, oldest first. */
  private handled: { number: number; callback: () => void }[] = [];

  constructor(
    private readonly stream: Duplex,
    private readonly handlers: PathHandlers,
    private readonly options: PathOptions,
  ) {
    this.heardMs = this.pingSentMs = options.nowMs();
    stream.on('data', (chunk: Buffer) => this.receive(chunk));
    stream.on('drain', () => {
      if (!this.closed) handlers.drained();
    });
    stream.on('error', () => this.end('peer-reset'));
    stream.on('end', () => this.end('peer-closed'));
    stream.on('close', () => this.end('peer-closed'));
    stream.pause();
  }

  /** Begins to handle what comes; `rest` is what was read behind the preface. Nothing is handled before. */
  start(rest?: Buffer): void {
    if (rest !== undefined && rest.length > 0) this.receive(rest);
    this.stream.resume();
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Smoothed keepalive round trip in milliseconds; undefined until one was measured. */
  get rttMs(): number | undefined {
    return this.smoothedRttMs;
  }

  /** Bytes that the peer has not taken yet. */
  get bufferedBytes(): number {
    return this.stream.writableLength;
  }

  /** Sends whole messages; false: wait for `drained` before more. A closed path, or one not permitted, sends nothing. */
  send(messages: readonly Buffer[]): 'sent' | 'sent-full' | 'not-sent' {
    if (this.closed || !this.handlers.permit() || this.closed) return 'not-sent';
    return this.stream.write(encodeData(messages)) ? 'sent' : 'sent-full';
  }

  sendReady(): void {
    this.control(encodeFrame(FRAME_TYPE.ready));
  }

  /**
   * Calls back once the peer has handled all that was sent before; not at all if the path ends before that. What
   * comes until then was sent by a peer that knew nothing of it yet.
   */
  whenHandled(callback: () => void): void {
    this.ping();
    this.handled.push({ number: this.pingNumber, callback });
  }

  /** Refuses and closes; the peer gets a moment to read why. */
  refuse(code: RefuseCode): void {
    if (this.closed) return;
    this.closed = true;
    refuseStream(this.stream, code);
  }

  /** Stops carrying, at once; `ended` is not called. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stream.destroy();
  }

  /** Sends keepalives when due and ends the path when the peer was not heard of for too long. */
  tick(): void {
    if (this.closed) return;
    const nowMs = this.options.nowMs();
    const { keepaliveIntervalMs, keepaliveMisses } = this.options;
    if (nowMs - this.heardMs > keepaliveIntervalMs * keepaliveMisses) {
      this.end('keepalive-timeout');
      return;
    }
    if (nowMs - this.pingSentMs >= keepaliveIntervalMs) this.ping();
  }

  private ping(): void {
    this.pingNumber = (this.pingNumber + 1) >>> 0;
    this.pingSentMs = this.options.nowMs();
    this.pingOutstanding = true;
    this.control(encodePing(this.pingNumber));
  }

  private control(frame: Buffer): void {
    if (this.closed || !this.handlers.permit() || this.closed) return;
    this.stream.write(frame);
  }

  private receive(chunk: Buffer): void {
    if (this.closed || !this.handlers.permit() || this.closed) return;
    this.heardMs = this.options.nowMs();
    try {
      this.handle(chunk);
    } catch (error) {
      if (!(error instanceof LinkProtocolError)) throw error;
      this.end('protocol-error', error.fault);
    }
  }

  private handle(chunk: Buffer): void {
    let messages: Buffer[] = [];
    for (const frame of this.decoder.push(chunk)) {
      if (frame.type === FRAME_TYPE.data) {
        messages.push(frame.payload);
        continue;
      }
      // What came before a control frame is handed over before it, so that order is kept.
      if (messages.length > 0) this.handlers.messages(messages);
      messages = [];
      this.handleControl(frame.type, frame.payload);
      if (this.closed) return;
    }
    if (messages.length > 0) this.handlers.messages(messages);
  }

  private handleControl(type: 1 | 2 | 3 | 4, payload: Buffer): void {
    switch (type) {
      case FRAME_TYPE.ping:
        this.control(encodeFrame(FRAME_TYPE.pong, payload));
        return;
      case FRAME_TYPE.pong:
        // One of another length answers no ping of ours: a sign of life, and no more.
        if (payload.length === LINK_LIMITS.pingPayloadBytes) this.answered(payload.readUInt32BE(0));
        return;
      case FRAME_TYPE.ready:
        this.handlers.ready();
        return;
      case FRAME_TYPE.refuse: {
        const code = readRefuseCode(payload);
        this.close();
        this.handlers.refused(code);
        return;
      }
      default:
        void (type satisfies never);
    }
  }

  private answered(number: number): void {
    this.measure(number);
    const index = this.handled.findLastIndex((entry) => entry.number === number);
    for (const { callback } of this.handled.splice(0, index + 1)) callback();
  }

  private measure(number: number): void {
    if (!this.pingOutstanding || number !== this.pingNumber) return;
    this.pingOutstanding = false;
    const rttMs = this.options.nowMs() - this.pingSentMs;
    const before = this.smoothedRttMs ?? rttMs;
    this.smoothedRttMs = before + (rttMs - before) * RTT_WEIGHT;
  }

  private end(end: PathEnd, fault?: ProtocolFault): void {
    if (this.closed) return;
    this.close();
    this.handlers.ended(end, fault);
  }
}

/** Writes a refusal to a stream that carries nothing yet, and closes it once the peer had time to read it. */
export function refuseStream(stream: Duplex, code: RefuseCode): void {
  stream.on('error', () => stream.destroy());
  stream.resume();
  stream.end(encodeRefuse(code));
  setTimeout(() => stream.destroy(), REFUSE_LINGER_MS).unref();
}
