import { type Commanded, CommandFailure, CommandRefusal, EpochFence } from '#libs/agent';
import { type ConnectionHealth, type LossReason, type SidecarCommand, TIMING } from '#libs/contracts';
import type { LinkPath, PathOptions, TlsIdentity } from '#libs/relay';
import type { LinkCarrier, SidecarContext } from '../context.ts';
import { readMessages } from '../traffic/read-messages.ts';
import { ApplicationWatch } from './application-watch.ts';
import { standPath } from './client-dial.ts';
import { type Connect, publishEstablished, publishLost } from './client-facts.ts';
import { ClientLink, type ClientLinkOptions } from './client-link.ts';
import type { ControlClient } from './control-client.ts';
import { findPort, type PortChoice } from './port-choice.ts';

/** A stand-in whose path was lost stands by again when no other came; a move takes less, in milliseconds. */
const STAND_BY_AFTER_MS = TIMING.commandGiveUpMs;

export interface ClientCarrierOptions extends PortChoice {
  readonly regions: readonly string[];
  readonly link: ClientLinkOptions;
  readonly path: PathOptions;
  readonly tls: TlsIdentity;
  /** From the dial to the server's `ready`. */
  readonly connectLimitMs: number;
  readonly maxConnections: number;
  /** An application that somebody may stand in for may be away for, in milliseconds. */
  readonly applicationAwayMs: number;
}

/** The client role: carries what its applications send to the server sidecars that commands name. */
export class ClientCarrier implements LinkCarrier {
  private readonly links = new Map<string, ClientLink>();
  private readonly fence: EpochFence;
  private readonly watch: ApplicationWatch;
  /** Dials under way, by connection. */
  private readonly dials = new Map<string, { epoch: number; abort: AbortController; done: Promise<void> }>();

  constructor(
    private readonly options: ClientCarrierOptions,
    private readonly agent: SidecarContext,
    private readonly control: ControlClient,
  ) {
    this.fence = new EpochFence(options.maxConnections);
    this.watch = new ApplicationWatch(control, agent.clock, options.applicationAwayMs);
  }

  get capacity(): number {
    return this.options.ports.length;
  }

  get carrying(): number {
    let count = 0;
    for (const link of this.links.values()) if (link.current !== undefined) count += 1;
    return count;
  }

  health(): ConnectionHealth[] {
    // A link without a path, and none in the making, is placed nowhere here: it only waits.
    const placed = [...this.links.values()].filter(
      (link) => link.current !== undefined || this.dials.has(link.connectionId),
    );
    return placed.map((link) => ({
      connection_id: link.connectionId,
      epoch: link.current?.epoch ?? this.fence.highest(link.connectionId),
      ...(link.homeRegion === this.agent.identity.region ? {} : { home_region: link.homeRegion }),
      ...link.health,
    }));
  }

  get held(): number {
    return [...this.links.values()].reduce((sum, link) => sum + link.heldCount, 0);
  }

  get worstUnansweredRatio(): number {
    return Math.max(0, ...[...this.links.values()].map((link) => link.unansweredRatio));
  }

  tick(): void {
    for (const link of [...this.links.values()]) {
      link.tick();
      if (this.watch.look(link)) this.forsake(link);
      const isIdle = link.current === undefined && !this.dials.has(link.connectionId);
      if (isIdle && link.hasStoodInVainFor(STAND_BY_AFTER_MS)) this.standBy(link.connectionId);
    }
  }

  stopAll(reason: LossReason): void {
    for (const dial of this.dials.values()) dial.abort.abort();
    for (const link of [...this.links.values()]) {
      const isShared = link.current?.hasStandIn === true || link.current?.isStandIn === true;
      this.lose(link, reason);
      link.letApplicationGo(reason === 'shutdown' || reason === 'asleep' ? reason : 'lease-lapsed');
      if (reason === 'asleep') continue;
      this.links.delete(link.connectionId);
      // Another client may get this link now; where there is none, a stopped sidecar's application is for whoever stopped it.
      const epoch = this.fence.highest(link.connectionId);
      const mayGoToAnother = reason === 'lease-lapsed' || isShared;
      if (mayGoToAnother) void this.control.want('deactivate', link.connectionId, epoch);
    }
  }

  async run(command: SidecarCommand, commanded: Commanded): Promise<void> {
    switch (command.name) {
      case 'connect':
      case 'activate-dr-client':
        return this.connect(command, commanded);
      case 'disconnect':
        return this.disconnect(command);
      case 'drain':
        return this.drain(command);
      case 'accept-client':
      case 'stop-sending-to-client':
        throw new CommandRefusal('unsupported-command');
      default:
        return command satisfies never;
    }
  }

  private async connect(command: Connect, commanded: Commanded): Promise<void> {
    const { connection_id, epoch } = command;
    if (!this.fence.mayCarry(connection_id, epoch)) throw new CommandRefusal('stale-epoch');
    const underWay = this.dials.get(connection_id);
    if (underWay?.epoch === epoch) return underWay.done;
    const link = this.linkFor(command);
    if (link.current?.epoch === epoch) return;
    this.fence.admit(connection_id, epoch);
    this.links.set(connection_id, link);
    this.dials.get(connection_id)?.abort.abort();
    // The server gave up a path that may stand here still: this word of it shows that this end lives.
    this.lose(link, 'peer-closed');
    const abort = new AbortController();
    const done = this.attempt(command, link, commanded, abort.signal).finally(() => {
      if (this.dials.get(connection_id)?.abort === abort) this.dials.delete(connection_id);
    });
    this.dials.set(connection_id, { epoch, abort, done });
    return done;
  }

  private async attempt(
    command: Connect,
    link: ClientLink,
    commanded: Commanded,
    signal: AbortSignal,
  ): Promise<void> {
    const { name, connection_id, epoch } = command;
    const established = (): void => {
      link.letIn();
      publishEstablished(this.agent, command, commanded);
    };
    try {
      if (name === 'connect') {
        await this.dial(command, link, signal, established);
      } else {
        await this.dial(command, link, signal, () => {});
        await this.activateStandIn(command, link);
        established();
      }
    } catch (error) {
      this.fence.end(connection_id, epoch);
      throw error;
    }
    if (name === 'connect') void this.control.want('activate', connection_id, epoch);
  }

  /** A DR application that says no must not get a link; one that says nothing may, and is told later. */
  private async activateStandIn({ connection_id, epoch }: Connect, link: ClientLink): Promise<void> {
    const told = await this.control.tell('activate', connection_id, epoch);
    if (link.current?.epoch !== epoch) throw new CommandFailure('dial-failed');
    if (told !== 'refused') return;
    this.agent.metrics.pathsEnded.inc({ reason: 'application-refused' });
    this.release(link);
    throw new CommandFailure('application-refused');
  }

  private dial(
    command: Connect,
    link: ClientLink,
    signal: AbortSignal,
    established: () => void,
  ): Promise<void> {
    const { name, connection_id, epoch, server_id, address, dr_client_id } = command;
    const { tls, regions, path, connectLimitMs } = this.options;
    return standPath(
      {
        dial: {
          address,
          tls,
          preface: { epoch, connectionId: connection_id, clientId: this.agent.identity.agentId },
          isExpected: (peer) =>
            peer.kind === 'server-sidecar' && peer.id === server_id && regions.includes(peer.region),
        },
        path,
        limitMs: connectLimitMs,
        signal,
      },
      {
        permit: () => this.agent.vigil.look(),
        stands: (standing) => {
          const [hasStandIn, isStandIn] = [dr_client_id !== undefined, name === 'activate-dr-client'];
          link.stand({ epoch, serverId: server_id, hasStandIn, isStandIn }, standing);
          established();
        },
        messages: (standing, messages) => this.fromPath(link, standing, messages),
        backendReplaced: () => link.backendReplaced(),
        drained: () => link.pathDrained(),
        ended: (end) => this.lose(link, end),
      },
    );
  }

  private fromPath(link: ClientLink, path: LinkPath, payloads: Buffer[]): void {
    const messages = readMessages(payloads, this.options.link.framing);
    if (messages !== undefined) {
      link.fromPath(messages);
      return;
    }
    path.close();
    this.lose(link, 'protocol-error');
  }

  /** The agent stops before it says so. */
  private lose(link: ClientLink, reason: LossReason): void {
    const placement = link.current;
    link.fall();
    if (placement === undefined) return;
    this.fence.end(link.connectionId, placement.epoch);
    const { connectionId, homeRegion } = link;
    publishLost(this.agent, { connectionId, homeRegion, ...placement }, reason);
  }

  /** Its application is away, and somebody else may take over. */
  private forsake(link: ClientLink): void {
    const epoch = this.fence.highest(link.connectionId);
    link.presence.forget();
    this.lose(link, 'application-closed');
    void this.control.want('deactivate', link.connectionId, epoch);
  }

  /** Nothing of this link is carried here until a command says so: its application is told, whether it was carried or not. */
  private standBy(connectionId: string): void {
    const link = this.links.get(connectionId);
    if (link !== undefined) this.release(link);
    void this.control.want('deactivate', connectionId, this.fence.highest(connectionId));
  }

  /** Gives its port back. */
  private release(link: ClientLink): void {
    link.fall();
    link.letApplicationGo('disconnected');
    this.links.delete(link.connectionId);
  }

  private disconnect(command: Extract<SidecarCommand, { name: 'disconnect' }>): void {
    const { connection_id, epoch } = command;
    this.fence.admit(connection_id, epoch);
    this.fence.end(connection_id, epoch);
    this.dials.get(connection_id)?.abort.abort();
    const link = this.links.get(connection_id);
    if (link?.current !== undefined) this.agent.metrics.pathsEnded.inc({ reason: 'disconnected' });
    link?.fall();
    if (command.requests === 'close') this.standBy(connection_id);
    this.agent.changed();
  }

  private async drain(command: Extract<SidecarCommand, { name: 'drain' }>): Promise<void> {
    const { connection_id, epoch } = command;
    const link = this.links.get(connection_id);
    if (link?.current === undefined) throw new CommandRefusal('unknown-connection');
    if (link.current.epoch !== epoch) throw new CommandRefusal('stale-epoch');
    // Nobody could send what an application still hands over then, so it is asked to stop before anything waits.
    const isAsked = command.requests === 'close' && this.control.isOffered;
    const done = link.drain(isAsked ? this.control.tell('drain', connection_id, epoch) : undefined);
    this.agent.changed();
    // An application that will be reset had better finish; one that goes on unchanged is not disturbed.
    if (!isAsked && this.options.link.cutover === 'reset')
      void this.control.want('drain', connection_id, epoch);
    await done;
  }

  /** The link as it is, or a new one on a free port; not kept yet. */
  private linkFor(command: Connect): ClientLink {
    const known = this.links.get(command.connection_id);
    if (known !== undefined) return known;
    const { connection_id, home_region } = command;
    const found = findPort(this.options, [...this.links.values()], connection_id, (id) => this.dials.has(id));
    if (found === undefined) throw new CommandRefusal('no-free-port');
    if (found.instead !== undefined) this.release(found.instead);
    const resumed = (epoch: number, wasAsked: boolean): void => {
      this.agent.changed();
      const isToBeTold = wasAsked || this.options.link.cutover === 'reset';
      if (isToBeTold) void this.control.want('activate', connection_id, epoch);
    };
    return new ClientLink(connection_id, home_region, found.address, this.options.link, this.agent, resumed);
  }
}
