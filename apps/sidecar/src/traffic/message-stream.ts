import type { Socket } from 'node:net';
import { type Framing, FramingError, type FramingFault, type Message, MessageDecoder } from './framing.ts';

/** Bytes that wait for a program that does not read; past it the program is let go. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** A message that began must be whole after this, in milliseconds. */
export const MESSAGE_COMPLETION_MS = 10_000;

const TCP_KEEPALIVE_MS = 10_000;

/** Why a program's connection ended by itself. */
export type StreamEnd = 'closed' | 'reset' | 'too-slow' | 'message-half-sent' | FramingFault;

export interface StreamHandlers {
  messages(messages: Message[]): void;
  drained(): void;
  /** Once, and not after `close()`. */
  ended(end: StreamEnd): void;
}

/** The plain TCP (or TLS) connection of an application, in whole messages. */
export class MessageStream {
  private readonly decoder: MessageDecoder;
  private closed = false;
  private halfSinceMs: number | undefined;

  constructor(
    private readonly socket: Socket,
    framing: Framing,
    private readonly handlers: StreamHandlers,
    private readonly nowMs: () => number,
  ) {
    this.decoder = new MessageDecoder(framing);
    socket.setNoDelay(true);
    // A host that vanished without a word is noticed although nothing is sent to it.
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('drain', () => {
      if (!this.closed) handlers.drained();
    });
    socket.on('error', () => this.end('reset'));
    socket.on('end', () => this.end('closed'));
    socket.on('close', () => this.end('closed'));
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Writes whole messages, one write for all; false when the connection is gone or is let go for being slow. */
  send(messages: readonly Buffer[]): boolean {
    if (this.closed) return false;
    const [only] = messages;
    this.socket.write(messages.length === 1 && only !== undefined ? only : Buffer.concat(messages));
    if (this.socket.writableLength <= MAX_WAITING_BYTES) return true;
    this.end('too-slow');
    return false;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    if (!this.closed) this.socket.resume();
  }

  /** What was written still goes out; nothing more is read. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.destroySoon();
  }

  tick(): void {
    if (this.closed || this.halfSinceMs === undefined) return;
    if (this.nowMs() - this.halfSinceMs > MESSAGE_COMPLETION_MS) this.end('message-half-sent');
  }

  private receive(chunk: Buffer): void {
    if (this.closed) return;
    let messages: Message[];
    try {
      messages = this.decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.end(error.fault);
      return;
    }
    if (this.decoder.pendingBytes === 0) this.halfSinceMs = undefined;
    else if (messages.length > 0 || this.halfSinceMs === undefined) this.halfSinceMs = this.nowMs();
    if (messages.length > 0) this.handlers.messages(messages);
  }

  private end(end: StreamEnd): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.destroy();
    this.handlers.ended(end);
  }
}
