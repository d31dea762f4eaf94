import type { Agent, Connection, Health } from '../model.ts';
import { healthOfAgent, healthOfConnection, worseHealth } from './health.ts';

/** What the picture shows, before anything has a place: nodes, and strands of connections between them. */

export type NodeKind = 'client-sidecar' | 'server-sidecar' | 'broker' | 'endpoints';

/** One agent, or many of one kind and place where there are too many to show each. */
export interface PictureNode {
  readonly id: string;
  readonly kind: NodeKind;
  /** Control region; empty: not known, or of none. */
  readonly region: string;
  readonly name: string;
  readonly location: string;
  readonly serverGroup: string;
  readonly health: Health;
  readonly draining: boolean;
  /** The agents it stands for; none for the endpoints of sessions. */
  readonly agents: readonly Agent[];
  readonly capacity: number | undefined;
  /** How many connections touch it. */
  readonly connections: number;
}

/** Connections between the same two nodes that are equally well. */
export interface Strand {
  readonly key: string;
  /** The same for strands of other health between the same nodes. */
  readonly pair: string;
  readonly kind: 'link' | 'session';
  readonly from: string;
  /** Absent: it stands nowhere. */
  readonly to: string | undefined;
  readonly health: Health;
  readonly count: number;
  /** How many of them are on their way to another place. */
  readonly moving: number;
  /** One of them; the only one when `count` is 1. */
  readonly connectionId: string;
}

export interface Picture {
  readonly nodes: readonly PictureNode[];
  readonly strands: readonly Strand[];
}

/** More of one kind in one region than this, and the picture shows them by server group and location. */
export const NODES_PER_KIND_MAX = 12;
export const CONTROLLERS = 'endpoints/controllers';
export const TARGETS = 'endpoints/targets';

/** One stretch of a connection: a link has one, a session one on each side of its broker. */
interface Leg {
  readonly from: string;
  readonly to: string | undefined;
}

/** Names of agents; those of a session's endpoints stand for all of them. While it is interrupted it stands nowhere. */
export function legsOf({ kind, status, client_id, server_id, broker_id }: Connection): readonly Leg[] {
  if (status === 'closed') return [];
  if (kind !== 'session') return client_id === undefined ? [] : [{ from: client_id, to: server_id }];
  return [
    { from: CONTROLLERS, to: broker_id },
    { from: TARGETS, to: broker_id },
  ];
}

/** Agents that connections name and nobody reported, as when the past is looked at. */
function unheard(agents: readonly Agent[], connections: readonly Connection[]): Agent[] {
  const known = new Set(agents.map(({ agent_id }) => agent_id));
  const found = new Map<string, Agent>();
  const note = (agent_id: string | undefined, kind: string, control_region?: string) => {
    if (agent_id === undefined || known.has(agent_id) || found.has(agent_id)) return;
    const region = control_region === undefined ? {} : { control_region };
    found.set(agent_id, { agent_id, kind, ...region, draining: false, status: 'unknown' as Agent['status'] });
  };
  for (const { kind, status, client_id, server_id, broker_id, home_region } of connections) {
    if (status === 'closed') continue;
    if (kind === 'session') note(broker_id, 'broker', home_region);
    else {
      note(client_id, 'client-sidecar', home_region);
      note(server_id, 'server-sidecar');
    }
  }
  return [...found.values()];
}

const kindOf = ({ kind }: Agent): NodeKind =>
  kind === 'server-sidecar' || kind === 'broker' ? kind : 'client-sidecar';

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** Sums of what members tell; undefined when none tells. */
function capacityOf(agents: readonly Agent[]): number | undefined {
  const told = agents.flatMap(({ capacity }) => (capacity === undefined ? [] : [capacity]));
  return told.length === 0 ? undefined : told.reduce((sum, each) => sum + each, 0);
}

type Unplaced = Omit<PictureNode, 'connections'>;

function nodeOf(id: string, name: string, agents: readonly Agent[]): Unplaced {
  const [first] = agents;
  const healths = agents.map(healthOfAgent);
  return {
    id,
    name,
    kind: first ? kindOf(first) : 'endpoints',
    region: first?.control_region ?? '',
    location: first?.location ?? '',
    serverGroup: first?.server_group ?? '',
    health: healths.reduce(worseHealth, 'idle'),
    draining: agents.length > 0 && agents.every(({ draining }) => draining),
    agents,
    capacity: capacityOf(agents),
  };
}

/** One node for each agent of a kind in a region, or fewer when there are too many. */
function nodesOfKind(key: string, agents: readonly Agent[]): Unplaced[] {
  const byId = [...agents].sort((a, b) => (a.agent_id < b.agent_id ? -1 : 1));
  if (byId.length <= NODES_PER_KIND_MAX)
    return byId.map((agent) => nodeOf(agent.agent_id, agent.agent_id, [agent]));
  const finely = groupBy(byId, ({ server_group, location }) =>
    [server_group, location].filter(Boolean).join(' · '),
  );
  const groups =
    finely.size <= NODES_PER_KIND_MAX ? finely : groupBy(byId, ({ server_group = '' }) => server_group);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, members]) => nodeOf(`${key}/${name}`, name || 'all', members));
}

interface Tally {
  count: number;
  moving: number;
  readonly strand: Omit<Strand, 'count' | 'moving'>;
}

/** Where each agent's name is shown. */
function whereOf(nodes: readonly Unplaced[]): Map<string, string> {
  const where = new Map(
    nodes.flatMap(({ id, agents }) => agents.map(({ agent_id }) => [agent_id, id] as const)),
  );
  return where.set(CONTROLLERS, CONTROLLERS).set(TARGETS, TARGETS);
}

export const pairOf = (from: string, to: string | undefined): string => `${from}\n${to ?? ''}`;

export function pictureOf(agents: readonly Agent[], connections: readonly Connection[]): Picture {
  const all = [...agents, ...unheard(agents, connections)];
  const kinds = groupBy(all, (agent) => `${agent.control_region ?? ''}/${kindOf(agent)}`);
  const nodes = [...kinds].flatMap(([key, members]) => nodesOfKind(key, members));
  const where = whereOf(nodes);
  const tallies = new Map<string, Tally>();
  const touching = new Map<string, number>();
  for (const connection of connections) {
    const health = healthOfConnection(connection);
    const kind = connection.kind === 'session' ? 'session' : 'link';
    for (const leg of legsOf(connection)) {
      const from = where.get(leg.from) ?? leg.from;
      const to = leg.to === undefined ? undefined : (where.get(leg.to) ?? leg.to);
      for (const end of [from, to]) if (end !== undefined) touching.set(end, (touching.get(end) ?? 0) + 1);
      const pair = pairOf(from, to);
      const key = `${pair}\n${health}`;
      const tally = tallies.get(key) ?? {
        count: 0,
        moving: 0,
        strand: { key, pair, kind, from, to, health, connectionId: connection.connection_id },
      };
      tally.count++;
      if (connection.status === 'migrating') tally.moving++;
      tallies.set(key, tally);
    }
  }
  const endpoints = [nodeOf(CONTROLLERS, 'Controllers', []), nodeOf(TARGETS, 'Targets', [])].filter(
    ({ id }) => touching.has(id),
  );
  return {
    nodes: [...nodes, ...endpoints].map((node) => ({
      ...node,
      connections: (touching.get(node.id) ?? 0) / (node.kind === 'broker' ? 2 : 1),
    })),
    strands: [...tallies.values()].map(({ strand, count, moving }) => ({ ...strand, count, moving })),
  };
}
