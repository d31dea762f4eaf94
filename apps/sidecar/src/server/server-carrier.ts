import { CommandRefusal, EpochFence } from '#libs/agent';
import type { ConnectionHealth, LossReason, SidecarCommand } from '#libs/contracts';
import { type IncomingDial, type RefuseCode, refuseStream } from '#libs/relay';
import type { LinkCarrier, SidecarContext } from '../context.ts';
import type { BackendPool } from './backend-pool.ts';
import { ServerLink, type ServerLinkOptions } from './server-link.ts';

type AcceptClient = Extract<SidecarCommand, { name: 'accept-client' }>;

export interface ServerCarrierOptions {
  readonly capacity: number;
  readonly link: ServerLinkOptions;
  /** A dial that came before its accept-client waits so long. */
  readonly earlyDialMs: number;
  /** A client that was announced and never came is given up after. */
  readonly armedMs: number;
  readonly maxParked: number;
  readonly maxConnections: number;
}

/** A connection placed here: its client is expected (`armed`), or its link stands or is being set up. */
interface Place {
  readonly command: AcceptClient;
  readonly sinceMs: number;
  link: ServerLink | undefined;
}

interface Parked {
  readonly dial: IncomingDial;
  readonly sinceMs: number;
}

/** The server role: gives what client sidecars bring to the programs of its pool. */
export class ServerCarrier implements LinkCarrier {
  private readonly places = new Map<string, Place>();
  /** Dials that came early, by connection and certified client: nobody takes another's place here. */
  private readonly parked = new Map<string, Parked>();
  private readonly fence: EpochFence;
  /** What a dial is told once everything here has stopped for good. */
  private isShuttingDown = false;

  constructor(
    private readonly options: ServerCarrierOptions,
    private readonly pool: BackendPool,
    private readonly agent: SidecarContext,
  ) {
    this.fence = new EpochFence(options.maxConnections);
  }

  get capacity(): number {
    return Math.min(this.options.capacity, this.pool.capacity);
  }

  get carrying(): number {
    let count = 0;
    for (const place of this.places.values()) if (place.link?.isStanding) count += 1;
    return count;
  }

  get held(): number {
    return [...this.places.values()].reduce((sum, { link }) => sum + (link?.heldCount ?? 0), 0);
  }

  get worstUnansweredRatio(): number {
    return Math.max(0, ...[...this.places.values()].map((place) => place.link?.unansweredRatio ?? 0));
  }

  health(): ConnectionHealth[] {
    return [...this.places.values()].map(({ command, link }) => ({
      connection_id: command.connection_id,
      epoch: command.epoch,
      ...(command.home_region === this.agent.identity.region ? {} : { home_region: command.home_region }),
      ...(command.link_group === undefined ? {} : { link_group: command.link_group }),
      status: link?.isStanding ? 'active' : 'idle',
      ...(link?.health ?? { unanswered_ratio: 0, in_flight: 0 }),
    }));
  }

  tick(): void {
    const nowMs = this.agent.clock.monotonicMs();
    for (const [key, { dial, sinceMs }] of this.parked) {
      if (nowMs - sinceMs < this.options.earlyDialMs) continue;
      this.parked.delete(key);
      this.refuse(dial, 'not-expected');
    }
    for (const place of [...this.places.values()]) {
      place.link?.tick();
      const isForgotten = place.link === undefined && nowMs - place.sinceMs > this.options.armedMs;
      if (isForgotten) this.lose(place, 'keepalive-timeout');
    }
  }

  stopAll(reason: LossReason): void {
    if (reason === 'shutdown') this.isShuttingDown = true;
    for (const place of [...this.places.values()]) this.lose(place, reason);
    for (const { dial } of this.parked.values()) {
      this.refuse(dial, reason === 'shutdown' ? 'shutting-down' : 'lease-lapsed');
    }
    this.parked.clear();
  }

  async run(command: SidecarCommand): Promise<void> {
    switch (command.name) {
      case 'accept-client':
        return this.accept(command);
      case 'stop-sending-to-client':
        return this.stopSending(command.connection_id, command.epoch);
      case 'connect':
      case 'activate-dr-client':
      case 'disconnect':
      case 'drain':
        throw new CommandRefusal('unsupported-command');
      default:
        return command satisfies never;
    }
  }

  /** A client sidecar dialled; its certificate and preface agree. */
  dialled(dial: IncomingDial): void {
    const { connectionId, epoch } = dial.preface;
    if (!this.agent.vigil.look()) {
      this.refuse(dial, 'lease-lapsed');
      return;
    }
    if (this.isShuttingDown) {
      this.refuse(dial, 'shutting-down');
      return;
    }
    if (!this.fence.mayCarry(connectionId, epoch)) {
      this.refuse(dial, 'stale-epoch');
      return;
    }
    const place = this.places.get(connectionId);
    if (place?.command.epoch === epoch) {
      this.take(place, dial);
      return;
    }
    this.park(dial);
  }

  private accept(command: AcceptClient): void {
    const { connection_id, epoch } = command;
    if (!this.fence.mayCarry(connection_id, epoch)) throw new CommandRefusal('stale-epoch');
    const before = this.places.get(connection_id);
    if (before?.command.epoch === epoch) return;
    if (before === undefined && this.places.size >= this.capacity) throw new CommandRefusal('full');
    this.fence.admit(connection_id, epoch);
    // A lower epoch of this connection is over: a client has one path, and this command gives it another.
    if (before?.link !== undefined) this.agent.metrics.pathsEnded.inc({ reason: 'superseded' });
    before?.link?.stop();
    const place: Place = { command, sinceMs: this.agent.clock.monotonicMs(), link: undefined };
    this.places.set(connection_id, place);
    const key = parkingKey(connection_id, command.client_id);
    const early = this.parked.get(key);
    if (early?.dial.preface.epoch !== epoch) return;
    this.parked.delete(key);
    this.take(place, early.dial);
  }

  private stopSending(connectionId: string, epoch: number): void {
    this.fence.admit(connectionId, epoch);
    this.fence.end(connectionId, epoch);
    const place = this.places.get(connectionId);
    place?.link?.stop();
    if (place !== undefined) this.agent.metrics.pathsEnded.inc({ reason: 'stopped' });
    this.places.delete(connectionId);
    this.agent.changed();
  }

  private park(dial: IncomingDial): void {
    const { connectionId, epoch } = dial.preface;
    const key = parkingKey(connectionId, dial.peer.id);
    const other = this.parked.get(key);
    if (other !== undefined && other.dial.preface.epoch >= epoch) {
      this.refuse(dial, 'not-expected');
      return;
    }
    if (other !== undefined) this.refuse(other.dial, 'stale-epoch');
    else if (this.parked.size >= this.options.maxParked) {
      this.refuse(dial, 'full');
      return;
    }
    // It may go away while it waits; its path finds that out when it is taken.
    dial.stream.on('error', () => dial.stream.destroy());
    this.parked.set(key, { dial, sinceMs: this.agent.clock.monotonicMs() });
  }

  private take(place: Place, dial: IncomingDial): void {
    if (place.link !== undefined) {
      this.refuse(dial, 'already-carried');
      return;
    }
    if (place.command.client_id !== dial.peer.id) {
      this.refuse(dial, 'wrong-identity');
      return;
    }
    if (dial.stream.destroyed) return;
    place.link = new ServerLink(
      dial,
      this.pool,
      this.options.link,
      {
        standing: () => this.agent.changed(),
        lost: (reason) => this.lose(place, reason),
        noBackend: () => this.lose(place, 'backend-lost'),
        backendChanged: (from, to, reason) => this.backendChanged(place, from, to, reason),
      },
      this.agent,
    );
  }

  /** The agent stops before it says so. */
  private lose(place: Place, reason: LossReason): void {
    const { connection_id, epoch, client_id, home_region } = place.command;
    place.link?.stop();
    if (this.places.get(connection_id) !== place) return;
    this.places.delete(connection_id);
    this.fence.end(connection_id, epoch);
    const { identity, vigil, facts, metrics, log } = this.agent;
    metrics.pathsEnded.inc({ reason });
    log.warn({ connection_id, epoch, client_id, reason }, 'path lost');
    facts.publish('connection-lost', connection_id, {
      connection_id,
      home_region,
      agent_id: identity.agentId,
      incarnation: vigil.incarnation,
      client_id,
      server_id: identity.agentId,
      epoch,
      reason,
      observed_by: identity.kind,
    });
    this.agent.changed();
  }

  private backendChanged(place: Place, from: string, to: string, reason: string): void {
    const { connection_id, epoch, home_region } = place.command;
    const { identity, vigil, facts, log } = this.agent;
    log.warn({ connection_id, epoch, from, to, reason }, 'backend changed');
    facts.publish('backend-changed', connection_id, {
      connection_id,
      home_region,
      agent_id: identity.agentId,
      incarnation: vigil.incarnation,
      epoch,
      from,
      to,
      reason,
    });
  }

  private refuse(dial: IncomingDial, code: RefuseCode): void {
    this.agent.metrics.dialsRefused.inc({ reason: code });
    this.agent.log.warn({ ...dial.preface, code }, 'dial refused');
    refuseStream(dial.stream, code);
  }
}

/** No name holds a blank. */
function parkingKey(connectionId: string, clientId: string): string {
  return `${connectionId} ${clientId}`;
}
