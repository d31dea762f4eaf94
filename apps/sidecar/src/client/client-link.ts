import { TICK_MS } from '#libs/agent';
import type { ConnectionHealth } from '#libs/contracts';
import type { LinkPath } from '#libs/relay';
import type { SidecarContext } from '../context.ts';
import type { Framing, Message } from '../traffic/framing.ts';
import { type HoldLimits, HoldQueue } from '../traffic/hold-queue.ts';
import { TrafficMeter } from '../traffic/traffic-meter.ts';
import { type ApplicationClose, ApplicationPort, type PortAddress } from './application-port.ts';
import { ApplicationPresence } from './application-presence.ts';
import type { ControlAnswer } from './control-client.ts';
import { Drain } from './drain.ts';

/** Requests held by a drain go out so long before they would be overdue, in milliseconds: two ticks. */
const RESUME_MARGIN_MS = 2 * TICK_MS;

export interface ClientLinkOptions {
  readonly framing: Framing;
  readonly cutover: 'reset' | 'continue';
  readonly hold: HoldLimits;
  readonly drainMs: number;
  readonly responseTimeoutMs: number;
}

/** What a command said of the path that stands. */
export interface Placement {
  readonly epoch: number;
  readonly serverId: string;
  /** Somebody takes over when the application stays away. */
  readonly hasStandIn: boolean;
  /** The link is another client's, which this one stands in for. */
  readonly isStandIn: boolean;
}

interface Standing extends Placement {
  readonly path: LinkPath;
  readonly meter: TrafficMeter;
}

/**
 * One link at the client's side: the application on one hand, on the other a path or none. Requests go out in
 * the order they came; while none can, they wait within limits; what was sent once is not sent again.
 */
export class ClientLink {
  readonly port: ApplicationPort;
  readonly presence: ApplicationPresence;
  private standing: Standing | undefined;
  private draining: Drain | undefined;
  private readonly held: HoldQueue;
  private readonly nowMs = (): number => this.agent.clock.monotonicMs();
  /** When the path of a stand-in was lost; undefined: it is not lost, or the link is this client's own. */
  private standInFellMs: number | undefined;

  constructor(
    readonly connectionId: string,
    readonly homeRegion: string,
    address: PortAddress,
    private readonly options: ClientLinkOptions,
    private readonly agent: SidecarContext,
    /** A drain that nobody followed up was taken back. */
    private readonly onResumed: (epoch: number, wasAsked: boolean) => void,
  ) {
    this.held = new HoldQueue(options.hold, this.nowMs);
    this.presence = new ApplicationPresence(this.nowMs);
    this.port = new ApplicationPort(
      address,
      {
        messages: (messages) => this.fromApplication(messages),
        drained: () => {},
        connected: () => this.presence.connected(),
        gone: () => {
          this.presence.connected();
          this.dropHeld('application-gone');
        },
      },
      { framing: options.framing, nowMs: this.nowMs },
      agent.metrics,
      agent.log,
    );
  }

  get current(): Placement | undefined {
    return this.standing;
  }

  get isDraining(): boolean {
    return this.draining !== undefined;
  }

  /** A stand-in without a path for so long, in milliseconds. */
  hasStoodInVainFor(limitMs: number): boolean {
    return this.standInFellMs !== undefined && this.nowMs() - this.standInFellMs > limitMs;
  }

  get health(): Omit<ConnectionHealth, 'connection_id' | 'epoch' | 'home_region'> {
    const { standing } = this;
    if (standing === undefined) return { status: 'idle', unanswered_ratio: 0, in_flight: 0 };
    const rttMs = standing.path.rttMs;
    const p99Ms = standing.meter.takeResponseP99Ms();
    return {
      status: this.draining === undefined ? 'active' : 'draining',
      ...(rttMs === undefined ? {} : { rtt_ms: rttMs }),
      ...(p99Ms === undefined ? {} : { response_p99_ms: p99Ms }),
      unanswered_ratio: standing.meter.unansweredRatio,
      in_flight: standing.meter.inFlight,
    };
  }

  get heldCount(): number {
    return this.held.length;
  }

  get unansweredRatio(): number {
    return this.standing?.meter.unansweredRatio ?? 0;
  }

  /** A new path stands: the application goes on over it, or comes again, as the cutover says, once it is let in. */
  stand(placement: Placement, path: LinkPath): void {
    const { responseTimeoutMs, cutover } = this.options;
    const meter = new TrafficMeter(responseTimeoutMs, this.nowMs);
    this.standing = { ...placement, path, meter };
    this.standInFellMs = undefined;
    this.presence.heard();
    this.endDrain();
    if (cutover === 'reset') {
      this.dropHeld('cutover-reset');
      this.port.reset('cutover-reset');
    } else {
      this.sendHeld();
    }
    this.port.resume();
  }

  /** Opens the port over the path that stands. */
  letIn(): void {
    this.port.letIn();
  }

  /** The program behind the server's end was replaced by another; the path stands. */
  backendReplaced(): void {
    if (this.options.cutover === 'reset') this.letApplicationGo('backend-changed');
  }

  /** The path is gone, or must go; nothing is carried when this returns. */
  fall(): void {
    this.standing?.path.close();
    if (this.standing?.isStandIn) this.standInFellMs = this.nowMs();
    this.standing = undefined;
    this.endDrain();
    this.port.shut();
    // What an application sends meanwhile is held, and bounded there.
    this.port.resume();
  }

  letApplicationGo(reason: ApplicationClose): void {
    this.dropHeld(reason);
    this.port.reset(reason);
  }

  /**
   * Resolves when nothing sent waits for its response, or the time for that is over.
   * @param stopping the application's answer to being asked to stop sending; undefined: its requests wait.
   */
  drain(stopping?: Promise<ControlAnswer>): Promise<void> {
    if (this.standing === undefined) return Promise.resolve();
    const { drainMs, hold } = this.options;
    return new Promise((resolve) => {
      this.draining?.end();
      this.draining = new Drain({ drainMs, holdMs: hold.holdMs }, this.nowMs, resolve, stopping);
      this.checkDrain();
    });
  }

  fromPath(messages: Message[]): void {
    const { standing } = this;
    if (standing === undefined) return;
    const { metrics } = this.agent;
    for (const message of messages) {
      if (message.kind === 'response') standing.meter.responseReceived(message);
    }
    if (this.port.send(messages.map((message) => message.bytes))) metrics.carried('to-application', messages);
    else metrics.messagesDropped.inc({ reason: 'no-application' }, messages.length);
    this.checkDrain();
  }

  pathDrained(): void {
    this.port.resume();
  }

  tick(): void {
    this.standing?.path.tick();
    this.port.tick();
    this.checkDrain();
    if (this.isForsaken) this.resume();
    else if (this.held.isOverdue) {
      this.letApplicationGo('hold-overdue');
    }
  }

  /** Nobody moved the link after its drain: the path still stands and is ours. */
  private get isForsaken(): boolean {
    if (this.standing === undefined || this.draining === undefined) return false;
    const { holdMs } = this.options.hold;
    if (this.held.length > 0 && this.held.ageMs > holdMs - RESUME_MARGIN_MS) return true;
    return (this.draining.endedForMs ?? 0) > holdMs;
  }

  /** Requests held go out in time, and the application is told that it may go on. */
  private resume(): void {
    const { standing, draining } = this;
    if (standing === undefined) return;
    this.endDrain();
    this.sendHeld();
    this.onResumed(standing.epoch, draining?.wasAsked ?? false);
  }

  private fromApplication(messages: Message[]): void {
    // What had queued up while the process slept is of no known age: looking lets its sender go.
    this.agent.vigil.look();
    if (!this.port.isConnected) return;
    const pass: Message[] = [];
    for (const message of messages) {
      if (this.standing !== undefined && (this.mayPass || message.kind === 'response')) {
        pass.push(message);
      } else if (message.kind !== 'request') {
        // It answers a request of a path that is gone; the next server never asked.
        this.agent.metrics.messagesDropped.inc({ reason: 'no-path' });
      } else if (!this.held.push(message)) {
        this.letApplicationGo('hold-overflow');
        return;
      }
    }
    if (pass.length > 0) this.send(pass);
  }

  private get mayPass(): boolean {
    return this.draining?.passes ?? true;
  }

  private send(messages: Message[]): void {
    const { standing } = this;
    if (standing === undefined) return;
    const outcome = standing.path.send(messages.map((message) => message.bytes));
    if (outcome === 'not-sent') {
      // The path fell just now; what stays connected waits like any other.
      if (this.standing === undefined) this.fromApplication(messages);
      else this.agent.metrics.messagesDropped.inc({ reason: 'not-permitted' }, messages.length);
      return;
    }
    for (const message of messages) {
      if (message.kind === 'request') standing.meter.requestSent(message);
    }
    this.draining?.requestsSent();
    this.agent.metrics.carried('to-path', messages);
    if (outcome === 'sent-full') this.port.pause();
  }

  private sendHeld(): void {
    if (this.held.isOverdue) this.letApplicationGo('hold-overdue');
    const messages = this.held.take();
    if (messages.length > 0) this.send(messages);
  }

  private dropHeld(reason: string): void {
    const count = this.held.take().length;
    if (count > 0) this.agent.metrics.messagesDropped.inc({ reason }, count);
  }

  private endDrain(): void {
    const { draining } = this;
    this.draining = undefined;
    draining?.end();
  }

  private checkDrain(): void {
    const { draining, standing } = this;
    if (standing !== undefined) draining?.check(standing.meter.inFlight, this.held.ageMs);
  }
}
