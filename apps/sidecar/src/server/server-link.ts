import type { ConnectionHealth } from '#libs/contracts';
import { type IncomingDial, LinkPath, type PathEnd, type PathOptions } from '#libs/relay';
import type { SidecarContext } from '../context.ts';
import type { Framing, Message } from '../traffic/framing.ts';
import { type HoldLimits, HoldQueue } from '../traffic/hold-queue.ts';
import { MessageStream, type StreamEnd } from '../traffic/message-stream.ts';
import { readMessages } from '../traffic/read-messages.ts';
import { TrafficMeter } from '../traffic/traffic-meter.ts';
import type { Backend, BackendPool } from './backend-pool.ts';

export interface ServerLinkOptions {
  readonly framing: Framing;
  readonly cutover: 'reset' | 'continue';
  readonly hold: HoldLimits;
  readonly responseTimeoutMs: number;
  readonly path: PathOptions;
}

export interface ServerLinkHandlers {
  /** The path is gone or had to go; nothing is carried any more. */
  lost(reason: PathEnd | 'backend-lost'): void;
  backendChanged(from: string, to: string, reason: string): void;
  /** No entry of the pool took the link; the client was refused. */
  noBackend(): void;
  standing(): void;
}

/** A backend that ended this soon without one message is not tried again at once, in milliseconds. */
const STILLBORN_MS = 1_000;
/** After so many of those in a row the link goes to another server: this pool answers and serves nobody. */
const MAX_STILLBORN = 3;

/**
 * One link at the server's side: a path on one hand, on the other an entry of the pool. A link stays with its
 * entry while that lives; when it dies another takes over, and what was sent to the dead one is not sent again.
 */
export class ServerLink {
  private readonly path: LinkPath;
  private readonly meter: TrafficMeter;
  private readonly held: HoldQueue;
  private readonly ending = new AbortController();
  private backend: Backend | undefined;
  private stream: MessageStream | undefined;
  /** Name of the last entry; undefined until the first one took the link. */
  private entryName: string | undefined;
  private stillborn = 0;
  /** Replacements of the backend that the client's end has not handled yet, with cutover reset. */
  private unhandledChanges = 0;
  private isOver = false;

  constructor(
    dial: IncomingDial,
    private readonly pool: BackendPool,
    private readonly options: ServerLinkOptions,
    private readonly handlers: ServerLinkHandlers,
    private readonly agent: SidecarContext,
  ) {
    const nowMs = (): number => agent.clock.monotonicMs();
    this.meter = new TrafficMeter(options.responseTimeoutMs, nowMs);
    this.held = new HoldQueue(options.hold, nowMs);
    this.path = new LinkPath(
      dial.stream,
      {
        permit: () => agent.vigil.look(),
        messages: (payloads) => this.fromPath(payloads),
        // Only this side says what stands behind it.
        ready: () => this.end('protocol-error'),
        refused: () => this.end('protocol-error'),
        drained: () => this.stream?.resume(),
        ended: (end) => this.end(end),
      },
      options.path,
    );
    this.path.start(dial.rest);
    void this.findBackend('first');
  }

  get isStanding(): boolean {
    return !this.isOver && this.entryName !== undefined;
  }

  get health(): Omit<ConnectionHealth, 'connection_id' | 'epoch' | 'home_region' | 'status'> {
    const rttMs = this.path.rttMs;
    const p99Ms = this.meter.takeResponseP99Ms();
    return {
      ...(rttMs === undefined ? {} : { rtt_ms: rttMs }),
      ...(p99Ms === undefined ? {} : { response_p99_ms: p99Ms }),
      unanswered_ratio: this.meter.unansweredRatio,
      in_flight: this.meter.inFlight,
    };
  }

  get heldCount(): number {
    return this.held.length;
  }

  get unansweredRatio(): number {
    return this.meter.unansweredRatio;
  }

  /** Stops carrying before it returns; no handler is called after. */
  stop(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.ending.abort();
    this.path.close();
    this.letBackendGo();
  }

  tick(): void {
    if (this.isOver) return;
    this.path.tick();
    this.stream?.tick();
    if (this.held.isOverdue) this.end('backend-lost');
  }

  private end(reason: PathEnd | 'backend-lost'): void {
    if (this.isOver) return;
    this.stop();
    this.handlers.lost(reason);
  }

  private async findBackend(why: 'first' | StreamEnd): Promise<void> {
    const backend = await this.pool.connect(this.entryName, this.ending.signal);
    if (this.isOver) {
      backend?.socket.destroy();
      backend?.release();
      return;
    }
    if (backend === undefined) {
      if (why !== 'first') return this.end('backend-lost');
      this.isOver = true;
      this.path.refuse('no-backend');
      this.handlers.noBackend();
      return;
    }
    this.attach(backend);
    const before = this.entryName;
    this.entryName = backend.name;
    // The first `ready` says that the path stands, a later one that another program is behind it now.
    this.path.sendReady();
    if (why !== 'first' && this.options.cutover === 'reset') this.awaitReset();
    if (this.isOver) return;
    if (why === 'first') this.handlers.standing();
    else if (before !== undefined && before !== backend.name) {
      this.handlers.backendChanged(before, backend.name, why);
    }
    // With a reset the application signs on at the new program first; what waited is of the connection before.
    if (why !== 'first' && this.options.cutover === 'reset') this.dropHeld();
    else this.sendHeld();
  }

  /**
   * The client's end lets its application go when it handles this `ready`. What comes before it did was sent to the
   * backend before, and would reach the new one ahead of the sign-on there.
   */
  private awaitReset(): void {
    this.unhandledChanges += 1;
    this.path.whenHandled(() => {
      this.unhandledChanges -= 1;
    });
  }

  private attach(backend: Backend): void {
    const sinceMs = this.agent.clock.monotonicMs();
    let heard = false;
    const stream = new MessageStream(
      backend.socket,
      this.options.framing,
      {
        messages: (messages) => {
          heard = true;
          this.stillborn = 0;
          this.fromBackend(messages);
        },
        drained: () => {},
        ended: (end) => {
          if (this.stream !== stream) return;
          const isStillborn = !heard && this.agent.clock.monotonicMs() - sinceMs < STILLBORN_MS;
          if (isStillborn) this.stillborn += 1;
          if (end !== 'closed' || isStillborn) backend.failed();
          this.letBackendGo();
          this.agent.metrics.backendLost.inc({ reason: end });
          if (this.stillborn >= MAX_STILLBORN) this.end('backend-lost');
          else void this.findBackend(end);
        },
      },
      () => this.agent.clock.monotonicMs(),
    );
    this.backend = backend;
    this.stream = stream;
  }

  private letBackendGo(): void {
    const { stream, backend } = this;
    this.stream = undefined;
    this.backend = undefined;
    stream?.close();
    backend?.release();
  }

  private fromPath(payloads: Buffer[]): void {
    const messages = readMessages(payloads, this.options.framing);
    if (messages === undefined) {
      this.end('protocol-error');
      return;
    }
    if (this.unhandledChanges > 0) {
      this.agent.metrics.messagesDropped.inc({ reason: 'backend-changed' }, messages.length);
    } else if (this.stream !== undefined) {
      this.send(messages);
    } else this.hold(messages);
  }

  private hold(messages: Message[]): void {
    for (const message of messages) {
      if (message.kind !== 'request') this.agent.metrics.messagesDropped.inc({ reason: 'no-backend' });
      else if (!this.held.push(message)) {
        this.end('backend-lost');
        return;
      }
    }
  }

  private send(messages: Message[]): void {
    const { stream, agent, meter } = this;
    if (stream === undefined) return;
    for (const message of messages) {
      if (message.kind === 'request') meter.requestSent(message);
    }
    agent.metrics.carried('to-backend', messages);
    stream.send(messages.map((message) => message.bytes));
  }

  private sendHeld(): void {
    if (this.held.isOverdue) {
      this.end('backend-lost');
      return;
    }
    const messages = this.held.take();
    if (messages.length > 0) this.send(messages);
  }

  private dropHeld(): void {
    const count = this.held.take().length;
    if (count > 0) this.agent.metrics.messagesDropped.inc({ reason: 'backend-changed' }, count);
  }

  private fromBackend(messages: Message[]): void {
    for (const message of messages) {
      if (message.kind === 'response') this.meter.responseReceived(message);
    }
    const outcome = this.path.send(messages.map((message) => message.bytes));
    if (outcome !== 'not-sent') this.agent.metrics.carried('to-path', messages);
    if (outcome === 'sent-full') this.stream?.pause();
  }
}
