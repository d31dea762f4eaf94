import { type BlastCount, type Fleet, type FleetAgent, health, judgement, link } from '#libs/domain';
import type { Agent, Report } from './agent.ts';
import { PEER_REGION, REGION } from './model.ts';

const FLEET_AGE_MS = 15_000;

interface Heard {
  readonly agent: FleetAgent;
  readonly connections: readonly string[];
  readonly regularity: health.Regularity;
}

/** The fleet as the owner sees it, and the monitor beside it: reports in, who is there and who fell silent out. */
export class FleetModel implements Fleet {
  readonly agents = new Map<string, FleetAgent>();
  private readonly heard = new Map<string, Heard>();
  private readonly lives = new Map<string, { agentId: string; incarnation: string; lastMs: number }>();
  private readonly declared = new Set<string>();
  private readonly told = new Set<string>();
  private readonly draining = new Set<string>();
  private readonly restarts = new Map<string, number[]>();
  /** The partition's own memory, as are the lives that it was told of. */
  settings = judgement.EMPTY_SETTINGS;

  constructor(
    private readonly states: () => Iterable<link.LinkState>,
    private readonly improved: () => void,
    /** Regions whose controller can be asked. */
    readonly peers: ReadonlySet<string>,
  ) {}

  /** As somebody sees it who holds places ready that nobody else knows of. */
  seenWith(held: ReadonlyMap<string, readonly string[]>): Fleet {
    const agents = new Map(this.agents);
    for (const [id, agent] of agents) agents.set(id, { ...agent, carried: this.carriedBy(id, held.get(id)) });
    const silent = this.silent.bind(this);
    return { agents, silent, peers: new Set(), settings: this.settings, blast: this.blast.bind(this) };
  }

  noteSetting(fact: judgement.SettingFact): void {
    this.settings = judgement.withSetting(this.settings, judgement.changeOf(fact));
  }

  blast(cause: string, serverGroup: string, windowMs: number, nowMs: number): BlastCount {
    const links = [...this.states()].filter(
      (state) => !link.isClosed(state) && state.request.server_group === serverGroup,
    );
    const moved = links.filter(({ moves }) =>
      moves?.some((each) => each.cause === cause && nowMs < each.atMs + windowMs),
    );
    return { moved: moved.length, links: links.length };
  }

  /** Nobody heard of it. */
  forget(agentId: string): void {
    this.heard.delete(agentId);
    this.agents.delete(agentId);
  }

  silent(agentId: string, incarnation: string): boolean {
    return this.told.has(`${agentId}/${incarnation}`);
  }

  /** The partition's own memory: what the loop has read of agents' facts. */
  noteSilent(agentId: string, incarnation: string): void {
    this.told.add(`${agentId}/${incarnation}`);
  }

  noteDraining(agentId: string, incarnation: string): void {
    this.draining.add(`${agentId}/${incarnation}`);
    this.show(agentId);
  }

  isDraining(agent: Agent): boolean {
    return this.draining.has(`${agent.id}/${agent.incarnation}`);
  }

  take(agent: Agent, { incarnation, connections }: Report, nowMs: number): void {
    const known = this.heard.get(agent.id);
    const regularity = health.heard(known?.regularity, incarnation, 5_000, nowMs);
    this.lives.set(`${agent.id}/${incarnation}`, { agentId: agent.id, incarnation, lastMs: nowMs });
    const restarts = this.restarts.get(agent.id) ?? [];
    if (known && known.agent.incarnation !== incarnation) restarts.push(nowMs);
    this.restarts.set(agent.id, restarts);
    const shown = this.agents.get(agent.id);
    const goesOn = shown?.incarnation === incarnation && !shown.suspect;
    const seen: FleetAgent = {
      agent_id: agent.id,
      kind: agent.kind,
      incarnation,
      region: agent.kind === 'server-sidecar' ? PEER_REGION : REGION,
      location: 'zone-a',
      ...(agent.kind === 'server-sidecar' ? { server_group: 'scheme' } : {}),
      address: `${agent.id}:8583`,
      capacity: agent.options.capacity,
      draining: false,
      lastReportMs: nowMs,
      wellSinceMs: goesOn ? (shown.wellSinceMs ?? nowMs) : nowMs,
      suspect: false,
      healthScore: 100,
      carried: 0,
      recentRestarts: restarts,
      ...(agent.options.leased ? { leaseMs: 60_000 } : {}),
    };
    this.heard.set(agent.id, { agent: seen, connections, regularity });
    this.show(agent.id);
    const now = this.agents.get(agent.id);
    if (!shown || shown.incarnation !== incarnation || (!open(shown) && now && open(now))) this.improved();
  }

  /** Own placements count from the moment they are decided. */
  recount(): void {
    for (const [agentId, shown] of this.agents) {
      const carried = this.carriedBy(agentId);
      this.agents.set(agentId, { ...shown, carried });
      if (carried < shown.capacity && shown.carried >= shown.capacity) this.improved();
    }
  }

  tick(nowMs: number): void {
    for (const [agentId, { agent, regularity }] of this.heard) {
      if (nowMs - agent.lastReportMs > FLEET_AGE_MS) {
        this.heard.delete(agentId);
        this.agents.delete(agentId);
        continue;
      }
      const shown = this.agents.get(agentId);
      if (shown) this.agents.set(agentId, { ...shown, suspect: health.isSuspect(regularity, nowMs) });
    }
  }

  /** Lives that are silent for lease and margin, each once. */
  newlySilent(
    nowMs: number,
    leased: (agentId: string) => boolean,
  ): { agentId: string; incarnation: string }[] {
    for (const { placement } of this.states()) {
      if (placement === undefined) continue;
      this.expect(placement.client_id, placement.client_incarnation, nowMs);
      this.expect(placement.server_id, placement.server_incarnation, nowMs);
    }
    const silent = [...this.lives].filter(
      ([life, { agentId, incarnation, lastMs }]) =>
        leased(agentId) &&
        !this.declared.has(life) &&
        nowMs >= health.silentAtMs({ agent_id: agentId, incarnation, sinceMs: lastMs }),
    );
    for (const [life] of silent) this.declared.add(life);
    return silent.map(([, { agentId, incarnation }]) => ({ agentId, incarnation }));
  }

  private expect(agentId: string, incarnation: string, nowMs: number): void {
    const life = `${agentId}/${incarnation}`;
    if (!this.lives.has(life)) this.lives.set(life, { agentId, incarnation, lastMs: nowMs });
  }

  private show(agentId: string): void {
    const known = this.heard.get(agentId);
    if (!known) return;
    const draining = this.draining.has(`${agentId}/${known.agent.incarnation}`);
    this.agents.set(agentId, { ...known.agent, draining, carried: this.carriedBy(agentId) });
  }

  private carriedBy(agentId: string, held: readonly string[] = []): number {
    const carried = new Set([...(this.heard.get(agentId)?.connections ?? []), ...held]);
    for (const { placement, connection_id } of this.states()) {
      if (placement?.server_id === agentId || placement?.client_id === agentId) carried.add(connection_id);
    }
    return carried.size;
  }
}

const open = (agent: FleetAgent): boolean =>
  !agent.draining && !agent.suspect && agent.carried < agent.capacity;
