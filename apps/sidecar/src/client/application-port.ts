import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '#libs/platform';
import type { SidecarMetrics } from '../metrics.ts';
import type { Framing, Message } from '../traffic/framing.ts';
import { MessageStream, type StreamEnd } from '../traffic/message-stream.ts';

/** Where the application of one link is: it comes to us (`listen`), or we go to it (`dial`). */
export interface PortAddress {
  readonly mode: 'listen' | 'dial';
  readonly host: string;
  readonly port: number;
}

/** Why the sidecar lets its application go. Each is counted. */
export type ApplicationClose =
  | 'hold-overflow'
  | 'hold-overdue'
  | 'cutover-reset'
  | 'backend-changed'
  | 'disconnected'
  | 'lease-lapsed'
  | 'asleep'
  | 'shutdown';

export interface PortHandlers {
  messages(messages: Message[]): void;
  drained(): void;
  connected(): void;
  /** It went away, or was let go for what it sent. */
  gone(): void;
}

export interface PortOptions {
  readonly framing: Framing;
  readonly nowMs: () => number;
}

const REDIAL_MS = 500;
const DIAL_TIMEOUT_MS = 1_000;

/**
 * The application's side of one link. It listens only while a path stands and no application is there, so
 * that the operating system itself refuses whoever comes at another time.
 */
export class ApplicationPort {
  private server: Server | undefined;
  private stream: MessageStream | undefined;
  private dialling: Socket | undefined;
  private dialledMs = Number.NEGATIVE_INFINITY;
  private open = false;

  constructor(
    readonly address: PortAddress,
    private readonly handlers: PortHandlers,
    private readonly options: PortOptions,
    private readonly metrics: SidecarMetrics,
    private readonly log: Logger,
  ) {}

  get isConnected(): boolean {
    return this.stream !== undefined;
  }

  /** Lets an application in from now on. */
  letIn(): void {
    this.open = true;
    this.listenOrDial();
  }

  /** Lets no new application in; one that is there stays. */
  shut(): void {
    this.open = false;
    this.stopListening();
    this.dialling?.destroy();
  }

  /** Ends the application's connection, if there is one. */
  reset(reason: ApplicationClose): void {
    const { stream } = this;
    if (stream === undefined) return;
    this.stream = undefined;
    stream.close();
    this.metrics.applicationClosed.inc({ reason });
    this.log.info({ port: this.address.port, reason }, 'application let go');
    this.listenOrDial();
  }

  /** False: no application is there to take it. */
  send(messages: readonly Buffer[]): boolean {
    return this.stream?.send(messages) ?? false;
  }

  pause(): void {
    this.stream?.pause();
  }

  resume(): void {
    this.stream?.resume();
  }

  tick(): void {
    this.stream?.tick();
    if (this.address.mode === 'dial') this.listenOrDial();
  }

  private listenOrDial(): void {
    if (!this.open || this.stream !== undefined) return;
    if (this.address.mode === 'listen') this.listen();
    else this.dial();
  }

  private listen(): void {
    if (this.server !== undefined) return;
    const server = createServer((socket) => this.take(socket));
    this.server = server;
    server.on('error', (error) => {
      this.log.error({ err: error, port: this.address.port }, 'cannot listen for the application');
      this.stopListening();
      setTimeout(() => this.listenOrDial(), REDIAL_MS).unref();
    });
    server.listen(this.address.port, this.address.host);
  }

  private stopListening(): void {
    this.server?.close();
    this.server = undefined;
  }

  private dial(): void {
    const nowMs = this.options.nowMs();
    if (this.dialling !== undefined || nowMs - this.dialledMs < REDIAL_MS) return;
    this.dialledMs = nowMs;
    const socket = connect({ host: this.address.host, port: this.address.port, timeout: DIAL_TIMEOUT_MS });
    this.dialling = socket;
    socket.on('error', () => socket.destroy());
    socket.on('timeout', () => socket.destroy());
    socket.on('close', () => {
      if (this.dialling === socket) this.dialling = undefined;
    });
    socket.on('connect', () => {
      socket.setTimeout(0);
      this.dialling = undefined;
      this.take(socket);
    });
  }

  private take(socket: Socket): void {
    if (!this.open || this.stream !== undefined) {
      // It was in the listener's queue already when another came first or the path went.
      this.metrics.applicationRefused.inc({ reason: this.open ? 'occupied' : 'no-path' });
      socket.resetAndDestroy();
      return;
    }
    this.stopListening();
    const stream: MessageStream = new MessageStream(
      socket,
      this.options.framing,
      {
        messages: (messages) => this.handlers.messages(messages),
        drained: () => this.handlers.drained(),
        ended: (end) => this.lose(stream, end),
      },
      this.options.nowMs,
    );
    this.stream = stream;
    this.log.info({ port: this.address.port }, 'application connected');
    this.handlers.connected();
  }

  private lose(stream: MessageStream, end: StreamEnd): void {
    if (this.stream !== stream) return;
    this.stream = undefined;
    this.metrics.applicationClosed.inc({ reason: end });
    this.log.info({ port: this.address.port, reason: end }, 'application gone');
    this.handlers.gone();
    this.listenOrDial();
  }
}
