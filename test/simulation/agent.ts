import type { LossReason, SidecarCommand } from '#libs/contracts';
import type { AgentLike, Held, World } from './model.ts';
import { Obedience } from './obedience.ts';

const LEASE_MS = 60_000;
const REPORT_MS = 5_000;
const KEEPALIVE_MS = 1_500;
const ASLEEP_MS = 1_500;
/** A program that starts reads the commands of the last minute, to refuse those for its earlier life. */
const COMMANDS_READ_BACK_MS = 60_000;

export interface AgentOptions {
  readonly id: string;
  readonly kind: 'client-sidecar' | 'server-sidecar';
  readonly capacity: number;
  readonly leased: boolean;
  /** Links that a client asks for at each start. */
  readonly links: readonly string[];
  /** Who stands in for it. */
  readonly dr: string | undefined;
}

export interface Report {
  readonly agentId: string;
  readonly incarnation: string;
  readonly connections: readonly string[];
}

/** A sidecar as far as the rules can tell: it obeys, answers, stops before it says so, and may fail. */
export class Agent implements AgentLike {
  readonly id: string;
  readonly kind: AgentOptions['kind'];
  readonly held = new Map<string, Held>();
  running = true;
  lives = 0;
  /** Facts, reports and commands do not pass while it is cut off from Kafka. */
  cutOff = false;
  private paused = false;
  private pausedSinceMs = 0;
  private leaseUntilMs = 0;
  /** Highest epoch of each connection that this life will never carry again. */
  readonly ended = new Map<string, number>();
  private obedience: Obedience;
  private waitingFacts: (() => void)[] = [];
  private waitingCommands: { atMs: number; command: SidecarCommand }[] = [];

  constructor(
    readonly options: AgentOptions,
    private readonly world: World,
    private readonly report: (report: Report) => void,
  ) {
    this.id = options.id;
    this.kind = options.kind;
    this.obedience = new Obedience(this, world);
    this.start();
    world.schedule.every(REPORT_MS, () => this.heartbeat());
    world.schedule.every(1_000, () => this.lookAtLease());
  }

  get awake(): boolean {
    return this.running && !this.paused;
  }

  get incarnation(): string {
    return `${this.id}-${this.lives}`;
  }

  mayCarry(incarnation: string, connectionId: string, epoch: number): boolean {
    if (!this.running || incarnation !== this.incarnation) return false;
    if (this.options.leased && this.world.schedule.nowMs > this.leaseUntilMs) return false;
    return (this.ended.get(connectionId) ?? 0) < epoch;
  }

  start(): void {
    this.running = true;
    this.paused = false;
    this.beginLife();
    for (const link of this.options.links) this.request(link);
    const since = this.world.schedule.nowMs - COMMANDS_READ_BACK_MS;
    const missed = this.waitingCommands.filter((each) => each.atMs >= since);
    this.waitingCommands = [];
    for (const { command } of missed) this.take(command);
    this.heartbeat();
  }

  kill(): void {
    if (!this.running) return;
    this.running = false;
    this.waitingFacts = [];
    for (const [connection, held] of this.held) this.tellPeer(connection, held, 'peer-reset');
    this.held.clear();
  }

  /** It says that it goes, and goes. */
  shutDown(): void {
    if (!this.awake) return;
    this.dropAll('shutdown');
    this.kill();
  }

  /** The application of one of its links is away for too long. */
  forsake(link: string): void {
    const held = this.held.get(link);
    if (!this.awake || held?.mode !== 'carrying') return;
    this.tellPeer(link, held, 'peer-reset');
    this.lose(link, held, 'application-closed');
  }

  pause(): void {
    if (!this.running || this.paused) return;
    this.paused = true;
    this.pausedSinceMs = this.world.schedule.nowMs;
    for (const [connection, held] of this.held) this.tellPeer(connection, held, 'keepalive-timeout');
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.world.schedule.nowMs - this.pausedSinceMs > ASLEEP_MS) this.dropAll('asleep');
    this.lookAtLease();
    const missed = this.waitingCommands;
    this.waitingCommands = [];
    for (const { command } of missed) this.take(command);
  }

  reconnect(): void {
    this.cutOff = false;
    const facts = this.waitingFacts;
    this.waitingFacts = [];
    for (const send of facts) send();
    this.resumeCommands();
  }

  request(link: string): void {
    const [client_id, incarnation] = [this.id, this.incarnation];
    this.say('connection-request', {
      connection_id: link,
      kind: 'link',
      client_id,
      server_group: 'scheme',
      agent_id: client_id,
      incarnation,
      ...(this.options.dr === undefined ? {} : { dr_client_id: this.options.dr }),
    });
  }

  /** The client gives a link up for good. */
  close(link: string, epoch: number): void {
    this.letGo(link, epoch);
    this.say('connection-closed', { connection_id: link, epoch, reason: 'not needed', ...this.self() });
  }

  take(command: SidecarCommand): void {
    if (!this.running || this.paused || this.cutOff) {
      this.waitingCommands.push({ atMs: this.world.schedule.nowMs, command });
      return;
    }
    this.obedience.take(command);
  }

  dialled(connectionId: string, epoch: number, from: string): 'accepted' | 'refused' | 'nothing' {
    if (!this.running) return 'refused';
    if (this.paused) return 'nothing';
    const held = this.held.get(connectionId);
    if (held?.epoch !== epoch || held.peer !== from || held.mode !== 'armed') return 'refused';
    held.mode = 'carrying';
    return 'accepted';
  }

  peerGone(connectionId: string, epoch: number, reason: LossReason): void {
    const held = this.held.get(connectionId);
    if (!this.running || this.paused || held?.epoch !== epoch || held.mode !== 'carrying') return;
    this.lose(connectionId, held, reason);
  }

  private beginLife(): void {
    this.lives += 1;
    this.held.clear();
    this.ended.clear();
    this.obedience = new Obedience(this, this.world);
    this.leaseUntilMs = this.world.schedule.nowMs + LEASE_MS;
  }

  private heartbeat(): void {
    if (!this.running || this.paused || this.cutOff) return;
    this.lookAtLease();
    this.leaseUntilMs = this.world.schedule.nowMs + LEASE_MS;
    const { id: agentId, incarnation } = this;
    this.report({ agentId, incarnation, connections: [...this.held.keys()] });
  }

  private lookAtLease(): void {
    if (!this.options.leased || !this.running || this.paused) return;
    if (this.world.schedule.nowMs <= this.leaseUntilMs) return;
    this.dropAll('lease-lapsed');
    this.beginLife();
    // Some programs ask again for what they had; others leave it to the controller to find their new life.
    if (this.world.random.chance(0.5)) for (const link of this.options.links) this.request(link);
  }

  private dropAll(reason: LossReason): void {
    for (const [connection, held] of [...this.held]) {
      this.tellPeer(connection, held, 'peer-reset');
      this.lose(connection, held, reason);
    }
  }

  private lose(connectionId: string, held: Held, reason: LossReason): void {
    this.letGo(connectionId, held.epoch);
    this.say('connection-lost', {
      connection_id: connectionId,
      epoch: held.epoch,
      reason,
      observed_by: this.kind,
      ...this.self(),
    });
  }

  letGo(connectionId: string, epoch: number): void {
    this.ended.set(connectionId, Math.max(epoch, this.ended.get(connectionId) ?? 0));
    const held = this.held.get(connectionId);
    if (held === undefined || held.epoch > epoch) return;
    this.held.delete(connectionId);
    this.tellPeer(connectionId, held, 'peer-reset');
  }

  private tellPeer(
    connectionId: string,
    { epoch, peer, mode }: Held,
    reason: 'peer-reset' | 'keepalive-timeout',
  ): void {
    if (mode !== 'carrying') return;
    const reached = reason === 'peer-reset' && this.world.connected(this.id, peer);
    const [delayMs, seen] = reached ? [2, reason] : [KEEPALIVE_MS, 'keepalive-timeout' as const];
    this.world.schedule.after(delayMs, () =>
      this.world.agents.get(peer)?.peerGone(connectionId, epoch, seen),
    );
  }

  self(): { agent_id: string; incarnation: string } {
    return { agent_id: this.id, incarnation: this.incarnation };
  }

  say(name: Parameters<World['publish']>[0], data: object): void {
    if (!this.running) return;
    if (this.cutOff) this.waitingFacts.push(() => this.world.publish(name, data));
    else this.world.publish(name, data);
  }

  private resumeCommands(): void {
    if (this.paused || !this.running) return;
    const missed = this.waitingCommands;
    this.waitingCommands = [];
    for (const { command } of missed) this.take(command);
  }
}
