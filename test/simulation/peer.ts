import type { PeerOutcome, PeerQuestion } from '#libs/contracts';
import { type Fact, type Fleet, reservation } from '#libs/domain';
import { NO_FAULTS, PEER_REGION, REGION } from './model.ts';
import type { Simulation } from './simulation.ts';

const DEADLINE_MS = 500;
/** What may become of a question in a storm, the first as often as all the others together. */
const FATES = ['late', 'absent', 'unreachable', 'timeout', 'invalid-answer', 'anyone', 'refused'] as const;

/** The control region that the servers live with: it holds them ready by its own rules, if it is there and in time. */
export class PeerModel {
  private readonly states = new Map<string, reservation.ReservationState>();
  /** Servers that were named, by connection and epoch: an answer may be given more than once, and must be the same. */
  readonly named = new Map<string, Set<string>>();
  private asked = 0;

  constructor(private readonly world: Simulation) {}

  ask(connectionId: string, question: PeerQuestion): void {
    const { random, schedule, faults } = this.world;
    const fate = faults === NO_FAULTS || random.chance(0.5) ? 'answers' : random.pick(FATES);
    const answer = (afterMs: number, outcome: PeerOutcome, over: object = {}) =>
      schedule.after(afterMs, () => this.tell(connectionId, question, outcome, over));
    switch (fate) {
      case 'answers':
        schedule.after(random.between(5, 60), () => this.answer(connectionId, question));
        return;
      case 'late':
        schedule.after(random.between(DEADLINE_MS, 4_000), () => this.answer(connectionId, question));
        return;
      case 'absent':
        return;
      case 'anyone':
        answer(random.between(5, 60), 'assigned', { server_id: `server-${random.between(1, 5)}` });
        return;
      case 'refused':
        answer(random.between(5, 60), 'refused', { reason: 'no-capacity' });
        return;
      case 'timeout':
        answer(DEADLINE_MS, 'timeout');
        return;
      case 'unreachable':
      case 'invalid-answer':
        answer(random.between(1, DEADLINE_MS), fate);
        return;
      default:
        fate satisfies never;
    }
  }

  /** The servers on which a place is held now, each with its connections. */
  private held(): ReadonlyMap<string, readonly string[]> {
    const held = new Map<string, string[]>();
    for (const [connectionId, state] of this.states) {
      const serverId = reservation.heldServer(state, this.world.schedule.nowMs);
      if (serverId !== undefined) held.set(serverId, [...(held.get(serverId) ?? []), connectionId]);
    }
    return held;
  }

  private answer(connectionId: string, question: PeerQuestion): void {
    const before = this.states.get(connectionId);
    const outcome = reservation.decide(connectionId, before, this.inputOf(connectionId, question));
    if (outcome.kind === 'reject') {
      this.tell(connectionId, question, 'refused', { reason: outcome.reason });
      return;
    }
    if (outcome.kind !== 'append') throw new Error(`the peer does not answer: ${outcome.reason}`);
    this.states.set(connectionId, reservation.evolve(before, outcome));
    const { server_id, address, expires_at, reason } = outcome.data;
    if (outcome.name === 'server-refused') this.tell(connectionId, question, 'refused', { reason });
    else this.tell(connectionId, question, 'assigned', { server_id, address, expires_at });
  }

  private inputOf(connectionId: string, question: PeerQuestion) {
    const { nowMs } = this.world.schedule;
    const { peer_region: _, deadline_at: __, ...data } = question;
    const offset = this.asked++;
    const fact = {
      name: 'server-requested',
      data: { connection_id: connectionId, ...data, requesting_region: REGION },
      id: `asked-${offset}`,
      source: 'model',
      timeMs: nowMs,
    } as Fact;
    const fleet: Fleet = this.world.fleet.seenWith(this.held());
    const origin = { topic: `${PEER_REGION}.connection-status`, partition: 0, offset };
    return { kind: 'fact' as const, fact, origin, region: PEER_REGION, ownRegion: PEER_REGION, nowMs, fleet };
  }

  private tell(connectionId: string, question: PeerQuestion, outcome: PeerOutcome, over: object): void {
    const { epoch, peer_region } = question;
    const server = 'server_id' in over ? String(over.server_id) : undefined;
    if (server !== undefined) {
      const key = `${connectionId}@${epoch}`;
      this.named.set(key, new Set([...(this.named.get(key) ?? []), server]));
    }
    this.world.publish('peer-answered', {
      connection_id: connectionId,
      epoch,
      peer_region,
      outcome,
      took_ms: 1,
      ...over,
    });
  }
}
