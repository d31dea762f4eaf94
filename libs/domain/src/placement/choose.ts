import { type Candidate, LIMITS } from '#libs/contracts';
import type { Fleet, FleetAgent } from '../fleet.ts';
import { type Flapping, flappingUntilMs } from '../judgement/index.ts';
import { PLACEMENT } from './constants.ts';

/** What a link needs of a server. */
export interface Need {
  readonly connectionId: string;
  readonly serverGroup: string;
  readonly preferredServer?: string;
  /** Where the client is, if its reports say so. */
  readonly location?: string;
  readonly linkGroup?: string;
  readonly nowMs: number;
  /** The server that holds this very link: its place there is free for it. */
  readonly holder?: string | undefined;
  /** Servers left out, whatever their score, and why. */
  readonly without?: ReadonlyMap<string, string>;
  /** This one comes before all others if it fits, whatever its score; where told so, with no room left too. */
  readonly first?: { readonly agent_id: string; readonly evenIfFull?: boolean };
  /** Until when this life of a server is not tried; absent: it is not held against it. */
  readonly backoffUntilMs?: (agentId: string, incarnation: string) => number | undefined;
  /** How often a server may begin a new life before it is left out; absent: as often as it does. */
  readonly flapping?: Flapping | undefined;
}

export interface Choice {
  readonly chosen?: FleetAgent;
  /** The one that would be chosen next. */
  readonly target?: FleetAgent;
  /** Best first, then excluded ones; at most LIMITS.candidatesPerDecision. */
  readonly candidates: Candidate[];
  /** When the first of those that only back off, or restarted too often, may be tried again. */
  readonly retryAtMs?: number;
  /** One at least was left out because it restarted too often. */
  readonly flapping?: boolean;
}

interface Weighed {
  readonly agent: FleetAgent;
  readonly points: Points;
  readonly score: number;
  /** Other links of the same link group on it. */
  readonly alike: number;
  /** Decides between equal scores; reckoned when it is needed. */
  tie: number | undefined;
}

/** Whether the agent was heard of lately: the fleet holds no older reports, and it is not overdue. */
export function isHeard(agent: FleetAgent | undefined): agent is FleetAgent {
  return agent !== undefined && !agent.suspect;
}

/** The best server for a link among those of its group; ties fall the same way every time. */
export function choose(need: Need, fleet: Fleet): Choice {
  const eligible: Weighed[] = [];
  const excluded: Candidate[] = [];
  let retryAtMs: number | undefined;
  let flapping = false;
  for (const agent of fleet.agents.values()) {
    if (agent.kind !== 'server-sidecar' || agent.server_group !== need.serverGroup) continue;
    const why = exclusion(agent, need, fleet);
    if (why === undefined) {
      eligible.push(weigh(agent, need));
      continue;
    }
    excluded.push({ agent_id: agent.agent_id, excluded: why });
    if (why !== 'backing-off' && why !== 'flapping') continue;
    flapping ||= why === 'flapping';
    const until = openAgainMs(agent, need);
    retryAtMs = Math.min(retryAtMs ?? until, until);
  }
  const seed = hashed(FNV_OFFSET, `${need.connectionId}/`);
  const isLater = ({ agent }: Weighed): number => (agent.agent_id === need.first?.agent_id ? 0 : 1);
  eligible.sort(
    (a, b) =>
      isLater(a) - isLater(b) ||
      a.alike - b.alike ||
      b.score - a.score ||
      tieOf(a, seed) - tieOf(b, seed) ||
      byId(a.agent, b.agent),
  );
  excluded.sort(byId);
  const [first, second] = eligible;
  return {
    ...(first ? { chosen: first.agent } : {}),
    ...(second ? { target: second.agent } : {}),
    candidates: recorded(eligible, excluded),
    ...(retryAtMs === undefined ? {} : { retryAtMs }),
    ...(flapping ? { flapping } : {}),
  };
}

/** When nothing but time's cure holds a server back any more. */
function openAgainMs(agent: FleetAgent, need: Need): number {
  const backoffMs = need.backoffUntilMs?.(agent.agent_id, agent.incarnation) ?? need.nowMs;
  const calmMs = need.flapping && flappingUntilMs(agent.recentRestarts, need.flapping, need.nowMs);
  return Math.max(backoffMs, calmMs ?? need.nowMs);
}

/** Why this server can't be chosen; the first reason that holds. What time alone cures is named last. */
function exclusion(agent: FleetAgent, need: Need, fleet: Fleet): string | undefined {
  if (fleet.silent(agent.agent_id, agent.incarnation)) return 'silent';
  if (agent.draining) return 'draining';
  if (agent.suspect) return 'suspect';
  const own = agent.agent_id === need.holder ? 1 : 0;
  const hasPlace = need.first?.evenIfFull === true && need.first.agent_id === agent.agent_id;
  if (!hasPlace && agent.carried - own >= agent.capacity) return 'full';
  const without = need.without?.get(agent.agent_id);
  if (without !== undefined) return without;
  if (need.flapping && flappingUntilMs(agent.recentRestarts, need.flapping, need.nowMs)) return 'flapping';
  const until = need.backoffUntilMs?.(agent.agent_id, agent.incarnation);
  return until !== undefined && need.nowMs < until ? 'backing-off' : undefined;
}

/** The named terms of a server's score, in points; README.md of this library says what each is for. */
interface Points {
  readonly preferred: number;
  readonly location: number;
  readonly free: number;
  readonly health: number;
  readonly spread: number;
}

function weigh(agent: FleetAgent, need: Need): Weighed {
  const points = pointsOf(agent, need);
  return { agent, points, score: sum(points), alike: alikeOn(agent, need), tie: undefined };
}

function pointsOf(agent: FleetAgent, need: Need): Points {
  const { preferredPoints, locationPoints, freePoints, healthPoints, spreadPoints, spreadMaxPoints } =
    PLACEMENT;
  const free = agent.capacity === 0 ? 0 : Math.max(0, agent.capacity - agent.carried) / agent.capacity;
  const alike = alikeOn(agent, need);
  return {
    preferred: agent.agent_id === need.preferredServer ? preferredPoints : 0,
    location: agent.location === need.location ? locationPoints : 0,
    free: rounded(free * freePoints),
    health: rounded((agent.healthScore / 100) * healthPoints),
    spread: -Math.min(alike * spreadPoints, spreadMaxPoints),
  };
}

/** Links of the link's own group that a server carries, the link itself left out. */
function alikeOn(agent: FleetAgent, need: Need): number {
  if (need.linkGroup === undefined) return 0;
  const own = agent.agent_id === need.holder ? 1 : 0;
  return Math.max(0, (agent.linkGroups?.[need.linkGroup] ?? 0) - own);
}

function sum({ preferred, location, free, health, spread }: Points): number {
  return rounded(preferred + location + free + health + spread);
}

/** The score that a server has for a link, were it eligible. */
export const scoreOf = (agent: FleetAgent, need: Need): number => sum(pointsOf(agent, need));

/** What a decision tells of a choice: the best ones, and up to half of the room for those left out. */
function recorded(eligible: readonly Weighed[], excluded: readonly Candidate[]): Candidate[] {
  const room = LIMITS.candidatesPerDecision;
  const best = eligible.slice(0, room - Math.min(excluded.length, room / 2));
  return [...best.map(candidateOf), ...excluded.slice(0, room - best.length)];
}

/** Terms without points are left out. */
function candidateOf({ agent, points, score }: Weighed): Candidate {
  const { preferred, location, free, health, spread } = points;
  const terms: Record<string, number> = {};
  if (preferred !== 0) terms.preferred = preferred;
  if (location !== 0) terms.location = location;
  if (free !== 0) terms.free = free;
  if (health !== 0) terms.health = health;
  if (spread !== 0) terms.spread = spread;
  return { agent_id: agent.agent_id, score, terms };
}

const byId = (a: { agent_id: string }, b: { agent_id: string }): number =>
  a.agent_id < b.agent_id ? -1 : a.agent_id > b.agent_id ? 1 : 0;

/** Equal servers get their share of the links, and each link gets the same one every time. */
function tieOf(weighed: Weighed, seed: number): number {
  weighed.tie ??= mixed(hashed(seed, weighed.agent.agent_id));
  return weighed.tie;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a, going on from what was hashed before. */
function hashed(before: number, text: string): number {
  let hash = before;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME) >>> 0;
  return hash;
}

/** The last steps of MurmurHash3: names that differ in their last letter alone come out far apart. */
function mixed(hash: number): number {
  let mix = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return (mix ^ (mix >>> 16)) >>> 0;
}

function rounded(points: number): number {
  return Math.round(points * 10) / 10;
}
