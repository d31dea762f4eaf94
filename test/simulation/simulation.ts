import type { HandledFactName, SidecarCommand } from '#libs/contracts';
import { Agent } from './agent.ts';
import { holdToAccount } from './audit.ts';
import type { Coverage } from './coverage.ts';
import { FleetModel } from './fleet.ts';
import { Broken, Invariants } from './invariants.ts';
import { type Decider, Loop } from './loop.ts';
import { Mischief } from './mischief.ts';
import { type Faults, NO_FAULTS, PEER_REGION, type World } from './model.ts';
import { PeerModel } from './peer.ts';
import { Random } from './random.ts';
import { Schedule } from './schedule.ts';

const LOOP_MS = 100;
const TICK_MS = 500;
/** How long faults last, and how long the world has afterwards to come right, in virtual milliseconds. */
const STORMY_MS = 300_000;
const CALM_MS = 200_000;

/** Facts that are sent until they are acknowledged. */
const KEPT: ReadonlySet<string> = new Set([
  'connection-lost',
  'connection-request',
  'agent-silent',
  'connection-closed',
  'policy-change-requested',
  'freeze-requested',
  'failover-approved',
]);

/** Share of the worlds in which the servers' controller can be asked. */
const WITH_PEER = 0.6;

/** Nothing but a word ends what these carry. */
const UNLEASED: ReadonlySet<string> = new Set(['server-3', 'client-2']);

export interface RunOptions {
  readonly seed: number;
  readonly decider: Decider;
  readonly coverage: Coverage;
  readonly faults: Faults;
}

/** One run of the model world: a stormy time, then a calm one in which everything must come right. */
export class Simulation implements World {
  readonly schedule = new Schedule(0);
  readonly random: Random;
  readonly agents = new Map<string, Agent>();
  readonly invariants: Invariants;
  readonly loop: Loop;
  readonly fleet: FleetModel;
  readonly peer = new PeerModel(this);
  faults: Faults;
  /** Pairs of agents that do not reach each other. */
  readonly cuts = new Set<string>();

  constructor(private readonly options: RunOptions) {
    this.random = new Random(options.seed);
    this.faults = options.faults;
    this.invariants = new Invariants(this);
    const checks = { invariants: this.invariants, coverage: options.coverage };
    this.loop = new Loop(this, () => this.fleet, options.decider, checks, {
      send: (command) => this.deliver(command),
      ask: (connectionId, question) => this.peer.ask(connectionId, question),
    });
    const peers = this.random.chance(WITH_PEER) ? [PEER_REGION] : [];
    this.fleet = new FleetModel(
      () => this.loop.states.values(),
      () => this.loop.wake(),
      new Set(peers),
    );
    this.populate();
  }

  run(): void {
    const mischief = new Mischief(this);
    this.schedule.every(LOOP_MS, () => this.loop.run());
    this.schedule.every(TICK_MS, () => this.look());
    mischief.begin();
    this.schedule.runUntil(STORMY_MS);
    mischief.end();
    this.faults = NO_FAULTS;
    this.schedule.runUntil(STORMY_MS + CALM_MS);
    this.atTheEnd();
  }

  publish(name: HandledFactName, data: object): void {
    const fact = {
      name,
      data: data as never,
      id: `fact-${this.loop.facts.length}-${this.random.between(0, 1e9)}`,
      timeMs: this.schedule.nowMs,
    };
    // A loss, and a wish, are sent until they are acknowledged; so in the end they arrive, unless their sender dies.
    if (!KEPT.has(name) && this.random.chance(this.faults.loseFact)) return;
    const append = () => this.loop.facts.push(fact);
    this.schedule.after(this.delay(), append);
    if (this.random.chance(this.faults.duplicate)) {
      this.schedule.after(this.random.between(1, 60_000), append);
    }
  }

  connected(a: string, b: string): boolean {
    return !this.cuts.has([a, b].sort().join('|'));
  }

  peerNamed(connectionId: string, epoch: number, serverId: string): boolean {
    return this.peer.named.get(`${connectionId}@${epoch}`)?.has(serverId) ?? false;
  }

  pathUp(connectionId: string, epoch: number, clientId: string, serverId: string): void {
    if (clientId === serverId) throw new Broken('never-two-active', 'a path to itself');
    this.invariants.pathUp(connectionId, epoch);
  }

  private populate(): void {
    const report = (agentId: string) => this.agents.get(agentId);
    const add = (id: string, kind: Agent['kind'], capacity: number, links: string[], dr?: string) => {
      const leased = !UNLEASED.has(id);
      const agent: Agent = new Agent({ id, kind, capacity, leased, links, dr }, this, (told) =>
        this.schedule.after(this.random.between(1, 20), () =>
          this.fleet.take(report(told.agentId) ?? agent, told, this.schedule.nowMs),
        ),
      );
      this.agents.set(id, agent);
    };
    for (const id of ['server-1', 'server-2', 'server-3']) add(id, 'server-sidecar', 2, []);
    add('client-1', 'client-sidecar', 2, ['client-1:a', 'client-1:b'], 'dr-1');
    add('dr-1', 'client-sidecar', 2, []);
    add('client-2', 'client-sidecar', 2, ['client-2:a']);
  }

  private delay(): number {
    return this.random.chance(this.faults.late) ? this.random.between(50, 8_000) : this.random.between(1, 10);
  }

  private deliver(command: SidecarCommand): void {
    if (this.random.chance(this.faults.loseCommand)) return;
    const arrive = () => this.agents.get(command.agent_id)?.take(command);
    this.schedule.after(this.delay(), arrive);
    if (this.random.chance(this.faults.duplicate)) {
      this.schedule.after(this.random.between(1, 10_000), arrive);
    }
  }

  private look(): void {
    const { nowMs } = this.schedule;
    this.fleet.tick(nowMs);
    const leased = (id: string) => this.agents.get(id)?.options.leased ?? false;
    for (const { agentId, incarnation } of this.fleet.newlySilent(nowMs, leased)) {
      this.publish('agent-silent', { agent_id: agentId, incarnation });
    }
  }

  private atTheEnd(): void {
    holdToAccount(this.loop);
    const replayed = this.loop.replay();
    for (const state of this.loop.states.values()) {
      const id = state.connection_id;
      const detail = `${id} ${state.phase}, due ${state.dueMs}, ${JSON.stringify(state.client)}`;
      const again = replayed.get(id);
      this.invariants.holds('replay-gives-the-same', JSON.stringify(again) === JSON.stringify(state), detail);
      const waiting = this.options.decider.unansweredCommands(state, this.schedule.nowMs);
      this.invariants.holds('each-command-ends', waiting.length === 0, detail);
      if (state.phase === 'ended' || state.phase === 'rejected') continue;
      const settled = state.phase === 'active' || state.phase === 'degraded';
      this.invariants.holds('never-stuck', settled, detail);
      const client = this.agents.get(state.placement?.client_id ?? '')?.held.get(id);
      const server = this.agents.get(state.placement?.server_id ?? '')?.held.get(id);
      const carried = client?.mode === 'carrying' && client.epoch === state.epoch;
      this.invariants.holds('carried-in-truth', carried && server?.epoch === state.epoch, detail);
    }
  }
}
