import { type BrokerPlacement, type Candidate, LIMITS } from '#libs/contracts';
import type { Fleet, FleetAgent } from '../fleet.ts';
import { PLACEMENT } from './constants.ts';

/** Round trips by broker, in milliseconds; absent: the endpoint measured none. */
export type RoundTrips = Readonly<Record<string, number>> | undefined;

/** What a session needs of a broker. */
export interface BrokerNeed {
  readonly placement: BrokerPlacement;
  readonly target: RoundTrips;
  readonly controller: RoundTrips;
  /** Where the target is attached: it reaches that one, whatever it measured. */
  readonly attachedTo?: { readonly broker_id: string; readonly incarnation: string };
  /** Where the controller is attached, likewise. */
  readonly controllerAt?: string | undefined;
  /** The broker that holds this very session: its place there is free for it. */
  readonly holder?: string | undefined;
  /** Brokers left out, and why. */
  readonly without?: ReadonlyMap<string, string>;
}

export interface BrokerChoice {
  readonly chosen?: FleetAgent;
  /** Of the one that was chosen; in points, which are milliseconds lost. */
  readonly score?: number;
  /** Best first, then excluded ones; at most LIMITS.candidatesPerDecision. */
  readonly candidates: Candidate[];
}

interface Weighed {
  readonly agent: FleetAgent;
  readonly terms: Record<string, number>;
  readonly score: number;
}

/**
 * The broker with the shortest way to the target, or to both ends, with what its load costs; of equal ones the first by
 * name. Only brokers that both ends reach are candidates, as far as they measured.
 */
export function chooseBroker(need: BrokerNeed, fleet: Fleet): BrokerChoice {
  const eligible: Weighed[] = [];
  const excluded: Candidate[] = [];
  for (const agent of fleet.agents.values()) {
    if (agent.kind !== 'broker') continue;
    const why = brokerExclusion(agent, need, fleet);
    if (why === undefined) eligible.push(weigh(agent, need));
    else excluded.push({ agent_id: agent.agent_id, excluded: why });
  }
  eligible.sort((a, b) => b.score - a.score || byId(a.agent, b.agent));
  excluded.sort(byId);
  const [first] = eligible;
  const room = LIMITS.candidatesPerDecision;
  const best = eligible.slice(0, room - Math.min(excluded.length, room / 2));
  return {
    ...(first === undefined ? {} : { chosen: first.agent, score: first.score }),
    candidates: [...best.map(candidateOf), ...excluded.slice(0, room - best.length)],
  };
}

/** Why this broker can't carry the session; the first reason that holds. */
export function brokerExclusion(agent: FleetAgent, need: BrokerNeed, fleet: Fleet): string | undefined {
  const isHere = agent.agent_id === need.attachedTo?.broker_id;
  const incarnation = isHere ? (need.attachedTo?.incarnation ?? agent.incarnation) : agent.incarnation;
  if (fleet.silent(agent.agent_id, incarnation)) return 'silent';
  if (agent.draining && agent.incarnation === incarnation) return 'draining';
  // Reports are overdue, but somebody just attached there.
  if (agent.suspect && !isHere) return 'suspect';
  const own = agent.agent_id === need.holder ? 1 : 0;
  if (agent.carried - own >= agent.capacity) return 'full';
  const without = need.without?.get(agent.agent_id);
  if (without !== undefined) return without;
  if (!isHere && !reaches(need.target, agent.agent_id)) return 'not-reached-by-target';
  const isReached = agent.agent_id === need.controllerAt || reaches(need.controller, agent.agent_id);
  return isReached ? undefined : 'not-reached-by-controller';
}

const reaches = (trips: RoundTrips, brokerId: string): boolean =>
  trips === undefined || Object.hasOwn(trips, brokerId);

function weigh(agent: FleetAgent, need: BrokerNeed): Weighed {
  const { agent_id, carried, capacity, healthScore } = agent;
  const terms: Record<string, number> = {};
  const lose = (term: string, ms: number | undefined) => {
    if (ms !== undefined && ms !== 0) terms[term] = -Math.round(ms * 100) / 100;
  };
  lose('target_rtt', need.target?.[agent_id]);
  if (need.placement === 'least-total') lose('controller_rtt', need.controller?.[agent_id]);
  lose('load', capacity === 0 ? 0 : (Math.max(0, carried) / capacity) * PLACEMENT.brokerLoadMs);
  lose('health', (1 - healthScore / 100) * PLACEMENT.brokerHealthMs);
  const score = Object.values(terms).reduce((sum, each) => sum + each, 0);
  return { agent, terms, score: Math.round(score * 100) / 100 };
}

const candidateOf = ({ agent, score, terms }: Weighed): Candidate => ({
  agent_id: agent.agent_id,
  score,
  terms,
});

const byId = (a: { agent_id: string }, b: { agent_id: string }): number =>
  a.agent_id < b.agent_id ? -1 : a.agent_id > b.agent_id ? 1 : 0;
