import type { AgentDecision, LinkDecision, Placement, SessionDecision } from '#libs/contracts';
import { type health, setNewest } from '#libs/domain';
import type { FollowedDecision } from '#libs/log';

/** An agent of this region that the log has as lost or as draining. */
export interface LoggedAgent {
  readonly incarnation: string;
  readonly condition: 'lost' | 'draining';
}

/** Agents lost or draining that are remembered; nobody is told of the return of one that left before so many others. */
const AGENTS_KEPT = 20_000;

const CONDITION_AFTER: Readonly<Record<string, LoggedAgent['condition'] | 'alive'>> = {
  'agent-lost': 'lost',
  'agent-recovered': 'alive',
  'agent-draining': 'draining',
};

interface BrokerLife {
  readonly broker_id: string;
  readonly incarnation: string;
  readonly region: string;
}

const lifeOf = ({ broker_id, incarnation, region }: BrokerLife): BrokerLife => ({
  broker_id,
  incarnation,
  region,
});

export type PlacedLives = Map<string, Map<string, number | undefined>>;

/** What the monitor folds from every region's log: who is placed where, and how its own agents stand. */
export class PlacedFold {
  private readonly placements = new Map<string, Placement & { readonly homeRegion: string }>();
  /** Sessions: the lives of brokers that carry them, or have a leg of theirs. */
  private readonly sessions = new Map<string, readonly BrokerLife[]>();
  private readonly degraded = new Map<string, number>();
  private readonly agents = new Map<string, LoggedAgent>();

  constructor(
    private readonly region: string,
    private readonly agentsKept = AGENTS_KEPT,
  ) {}

  take(decision: FollowedDecision): void {
    const after = CONDITION_AFTER[decision.name];
    if (after) {
      const { agent_id, incarnation, control_region } = decision.data as AgentDecision;
      if (control_region !== this.region) return;
      // An agent that lives is as one that nothing was ever decided on.
      if (after === 'alive') this.agents.delete(agent_id);
      else setNewest(this.agents, agent_id, { incarnation, condition: after }, this.agentsKept);
      return;
    }
    const ofSession = decision.data as SessionDecision;
    if (ofSession.kind === 'session') {
      this.takeSession(ofSession);
      return;
    }
    const link = decision.data as LinkDecision;
    // What a peer holds ready, and what a region has set, are no placements; the former stand under connections' ids.
    if (link.kind !== 'link') return;
    const { connection_id, placement, home_region } = link;
    if (placement) this.placements.set(connection_id, { ...placement, homeRegion: home_region });
    else this.placements.delete(connection_id);
    if (link.phase === 'degraded') this.degraded.set(link.connection_id, link.epoch);
    else this.degraded.delete(link.connection_id);
  }

  /** Lives of this region's agents that a placement stands on: by agent, each life's lease in milliseconds if it has one. */
  livesPlaced(): PlacedLives {
    const lives: PlacedLives = new Map();
    const expect = (agentId: string, incarnation: string, leaseMs: number | undefined) => {
      const known = lives.get(agentId) ?? new Map<string, number | undefined>();
      lives.set(agentId, known.set(incarnation, leaseMs));
    };
    for (const placement of this.placements.values()) {
      const { server_id, server_incarnation, server_lease_ms } = placement;
      const { client_id, client_incarnation, client_lease_ms } = placement;
      if (placement.server_region === this.region) expect(server_id, server_incarnation, server_lease_ms);
      if (placement.homeRegion === this.region) expect(client_id, client_incarnation, client_lease_ms);
    }
    for (const brokers of this.sessions.values()) {
      for (const { broker_id, incarnation, region } of brokers) {
        if (region === this.region) expect(broker_id, incarnation, undefined);
      }
    }
    return lives;
  }

  private takeSession({ connection_id, status, controller, target, placement }: SessionDecision): void {
    const lives = [controller, target, placement].filter((each) => each !== undefined);
    if (status === 'closed' || lives.length === 0) this.sessions.delete(connection_id);
    else this.sessions.set(connection_id, lives.map(lifeOf));
  }

  get placed(): number {
    return this.placements.size;
  }

  isPlaced(connectionId: string): boolean {
    return this.placements.has(connectionId);
  }

  agent(agentId: string): LoggedAgent | undefined {
    return this.agents.get(agentId);
  }

  /** Where a connection's condition begins for a monitor that has not seen its reports. */
  conditionOf(connectionId: string, epoch: number): health.Condition | undefined {
    return this.degraded.get(connectionId) === epoch ? { epoch, degraded: true, leaning: 0 } : undefined;
  }
}
