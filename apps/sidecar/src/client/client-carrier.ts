import type { ConnectionHealth, LossReason, SidecarCommand } from '#libs/contracts';
import type { LinkPath, PathOptions, TlsIdentity } from '#libs/relay';
import {
  type AgentContext,
  type Carrier,
  CommandFailure,
  CommandRefusal,
  EpochFence,
} from '../agent/agent.ts';
import { readMessages } from '../traffic/read-messages.ts';
import { standPath } from './client-dial.ts';
import { ClientLink, type ClientLinkOptions } from './client-link.ts';
import type { ControlClient } from './control-client.ts';
import { freeAddress, idleLink, type PortChoice } from './port-choice.ts';

type Connect = Extract<SidecarCommand, { name: 'connect' | 'activate-dr-client' }>;

export interface ClientCarrierOptions extends PortChoice {
  readonly regions: readonly string[];
  readonly link: ClientLinkOptions;
  readonly path: PathOptions;
  readonly tls: TlsIdentity;
  /** From the dial to the server's `ready`. */
  readonly connectLimitMs: number;
  readonly maxConnections: number;
}

/** The client role: carries what its applications send to the server sidecars that commands name. */
export class ClientCarrier implements Carrier {
  private readonly links = new Map<string, ClientLink>();
  private readonly fence: EpochFence;
  /** Dials under way, by connection. */
  private readonly dials = new Map<string, { epoch: number; abort: AbortController; done: Promise<void> }>();

  constructor(
    private readonly options: ClientCarrierOptions,
    private readonly agent: AgentContext,
    private readonly control: ControlClient,
  ) {
    this.fence = new EpochFence(options.maxConnections);
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
    for (const link of this.links.values()) link.tick();
  }

  stopAll(reason: LossReason): void {
    for (const dial of this.dials.values()) dial.abort.abort();
    for (const link of [...this.links.values()]) {
      this.lose(link, reason);
      link.letApplicationGo(reason === 'shutdown' || reason === 'asleep' ? reason : 'lease-lapsed');
      if (reason === 'asleep') continue;
      this.links.delete(link.connectionId);
      // Another client may get this link now; a stopped sidecar's application is for whoever stopped it.
      const epoch = this.fence.highest(link.connectionId);
      if (reason === 'lease-lapsed') void this.control.want('deactivate', link.connectionId, epoch);
    }
  }

  async run(command: SidecarCommand, commandedAt: string): Promise<void> {
    switch (command.name) {
      case 'connect':
      case 'activate-dr-client':
        return this.connect(command, commandedAt);
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

  private async connect(command: Connect, commandedAt: string): Promise<void> {
    const { connection_id, epoch } = command;
    if (!this.fence.mayCarry(connection_id, epoch)) throw new CommandRefusal('stale-epoch');
    const underWay = this.dials.get(connection_id);
    if (underWay?.epoch === epoch) return underWay.done;
    const link = this.linkFor(command);
    if (link.current?.epoch === epoch) return;
    this.fence.admit(connection_id, epoch);
    this.links.set(connection_id, link);
    this.dials.get(connection_id)?.abort.abort();
    link.fall();
    const abort = new AbortController();
    const done = this.attempt(command, link, commandedAt, abort.signal).finally(() => {
      if (this.dials.get(connection_id)?.abort === abort) this.dials.delete(connection_id);
    });
    this.dials.set(connection_id, { epoch, abort, done });
    return done;
  }

  private async attempt(
    command: Connect,
    link: ClientLink,
    commandedAt: string,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.tellDrApplication(command);
      await this.dial(command, link, signal, () => this.established(command, commandedAt));
    } catch (error) {
      this.fence.end(command.connection_id, command.epoch);
      this.takeBack(command, error, signal);
      throw error;
    }
  }

  /** A DR application that was activated for a path that did not come must not believe in one. */
  private takeBack({ name, connection_id, epoch }: Connect, error: unknown, signal: AbortSignal): void {
    const isRefused = error instanceof CommandFailure && error.reason === 'application-refused';
    // Whoever aborted the dial says what the application is to do.
    if (name !== 'activate-dr-client' || isRefused || signal.aborted) return;
    void this.control.want('deactivate', connection_id, epoch);
  }

  /** A DR application that says no must not get a link; one that says nothing may. */
  private async tellDrApplication(command: Connect): Promise<void> {
    if (command.name !== 'activate-dr-client') return;
    const told = await this.control.tell('activate', command.connection_id, command.epoch);
    if (told === 'refused') throw new CommandFailure('application-refused');
  }

  private established(command: Connect, commandedAt: string): void {
    const { identity, vigil, facts } = this.agent;
    facts.publish('new-connection-established', command.connection_id, {
      connection_id: command.connection_id,
      home_region: command.home_region,
      agent_id: identity.agentId,
      incarnation: vigil.incarnation,
      client_id: identity.agentId,
      server_id: command.server_id,
      epoch: command.epoch,
      commanded_at: commandedAt,
    });
    this.agent.changed();
    // A DR application was told already, before the path was made.
    if (command.name === 'connect') void this.control.want('activate', command.connection_id, command.epoch);
  }

  private dial(
    command: Connect,
    link: ClientLink,
    signal: AbortSignal,
    established: () => void,
  ): Promise<void> {
    const { connection_id, epoch, server_id, address } = command;
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
          link.stand(epoch, server_id, standing);
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
    const { identity, vigil, facts, metrics, log } = this.agent;
    metrics.pathsEnded.inc({ reason });
    const { epoch, serverId } = placement;
    log.warn({ connection_id: link.connectionId, epoch, server_id: serverId, reason }, 'path lost');
    facts.publish('connection-lost', link.connectionId, {
      connection_id: link.connectionId,
      home_region: link.homeRegion,
      agent_id: identity.agentId,
      incarnation: vigil.incarnation,
      client_id: identity.agentId,
      server_id: serverId,
      epoch,
      reason,
      observed_by: identity.kind,
    });
    this.agent.changed();
  }

  private disconnect(command: Extract<SidecarCommand, { name: 'disconnect' }>): void {
    const { connection_id, epoch } = command;
    this.fence.admit(connection_id, epoch);
    this.fence.end(connection_id, epoch);
    this.dials.get(connection_id)?.abort.abort();
    const link = this.links.get(connection_id);
    if (link === undefined) return;
    link.fall();
    this.agent.metrics.pathsEnded.inc({ reason: 'disconnected' });
    this.agent.changed();
    if (command.requests === 'hold') return;
    link.letApplicationGo('disconnected');
    this.links.delete(connection_id);
    void this.control.want('deactivate', connection_id, epoch);
  }

  private async drain(command: Extract<SidecarCommand, { name: 'drain' }>): Promise<void> {
    const link = this.links.get(command.connection_id);
    if (link?.current === undefined) throw new CommandRefusal('unknown-connection');
    if (link.current.epoch !== command.epoch) throw new CommandRefusal('stale-epoch');
    const done = link.drain();
    this.agent.changed();
    // An application that will be reset had better finish; one that goes on unchanged is not disturbed.
    if (this.options.link.cutover === 'reset')
      void this.control.want('drain', command.connection_id, command.epoch);
    await done;
  }

  /** The link as it is, or a new one on a free port; not kept yet. */
  private linkFor(command: Connect): ClientLink {
    const known = this.links.get(command.connection_id);
    if (known !== undefined) return known;
    const { connection_id, home_region } = command;
    let address = freeAddress(this.options, this.links.values(), connection_id);
    if (address === undefined) {
      const idle = idleLink(this.options, this.links.values(), (id) => this.dials.has(id));
      if (idle === undefined) throw new CommandRefusal('no-free-port');
      idle.fall();
      this.links.delete(idle.connectionId);
      address = idle.port.address;
    }
    return new ClientLink(connection_id, home_region, address, this.options.link, this.agent, (epoch) =>
      this.resumed(connection_id, epoch),
    );
  }

  private resumed(connectionId: string, epoch: number): void {
    this.agent.changed();
    if (this.options.link.cutover === 'reset') void this.control.want('activate', connectionId, epoch);
  }
}
