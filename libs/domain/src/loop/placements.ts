import * as session from '../session/index.ts';
import type { Aggregate } from './aggregate.ts';

interface Placed {
  /** Those placed here, each with its link group. */
  readonly connections: Map<string, string | undefined>;
  /** Those that the latest report tells of, likewise; where both do, the placement counts. */
  reported: ReadonlyMap<string, string | undefined>;
  /** Links of each link group, each link once. */
  readonly linkGroups: Record<string, number>;
}

/**
 * Which connections this process has placed on each agent, over all its partitions: commanded and not
 * over. A health report is up to an interval old; choices count these beside it. Links of other processes and regions are
 * known by the reports alone.
 */
export class PlacementLedger {
  private readonly byAgent = new Map<string, Placed>();

  /** @returns the agents that the connection left, and those that it joined. */
  change(
    key: string,
    previous: Aggregate | undefined,
    next: Aggregate | undefined,
  ): { left: string[]; joined: string[] } {
    const before = agentsOf(previous);
    const after = agentsOf(next);
    const left = before.filter((agent) => !after.includes(agent));
    const joined = after.filter((agent) => !before.includes(agent));
    const [groupBefore, groupAfter] = [linkGroupOf(previous), linkGroupOf(next)];
    const regrouped = groupBefore !== groupAfter;
    for (const agent of regrouped ? before : left) this.remove(agent, key, groupBefore);
    for (const agent of regrouped ? after : joined) this.add(agent, key, groupAfter);
    return { left, joined };
  }

  connectionsOn(agentId: string): Iterable<string> & { has(key: string): boolean } {
    const placed = this.byAgent.get(agentId)?.connections ?? NONE;
    return { has: (key) => placed.has(key), [Symbol.iterator]: () => placed.keys() };
  }

  /** What the agent's latest report says that it carries, each connection with its link group. */
  report(agentId: string, connections: ReadonlyMap<string, string | undefined>): void {
    const placed = this.on(agentId);
    for (const [key, group] of placed.reported) if (!placed.connections.has(key)) count(placed, group, -1);
    for (const [key, group] of connections) if (!placed.connections.has(key)) count(placed, group, 1);
    placed.reported = connections;
  }

  /** The agent reports no more; it is forgotten with the last that is placed on it. */
  gone(agentId: string): void {
    const placed = this.byAgent.get(agentId);
    if (placed === undefined) return;
    this.report(agentId, NONE);
    if (placed.connections.size === 0) this.byAgent.delete(agentId);
  }

  /** Agents that something is known of. */
  get agents(): number {
    return this.byAgent.size;
  }

  /** How many links of each link group stand on it; the value changes with the placements and reports. */
  linkGroupsOn(agentId: string): Readonly<Record<string, number>> {
    return this.on(agentId).linkGroups;
  }

  private add(agentId: string, key: string, group: string | undefined): void {
    const placed = this.on(agentId);
    count(placed, placed.reported.get(key), -1);
    placed.connections.set(key, group);
    count(placed, group, 1);
  }

  private remove(agentId: string, key: string, group: string | undefined): void {
    const placed = this.on(agentId);
    if (!placed.connections.delete(key)) return;
    count(placed, group, -1);
    count(placed, placed.reported.get(key), 1);
  }

  private on(agentId: string): Placed {
    const found = this.byAgent.get(agentId) ?? {
      connections: new Map(),
      reported: NONE,
      linkGroups: Object.create(null),
    };
    this.byAgent.set(agentId, found);
    return found;
  }
}

const NONE: ReadonlyMap<string, string | undefined> = new Map();

function count({ linkGroups }: Placed, group: string | undefined, change: 1 | -1): void {
  if (group === undefined) return;
  const links = (linkGroups[group] ?? 0) + change;
  if (links > 0) linkGroups[group] = links;
  else delete linkGroups[group];
}

function agentsOf(aggregate: Aggregate | undefined): string[] {
  if (aggregate?.kind === 'session') return [session.brokerOf(aggregate.state) ?? []].flat();
  if (aggregate?.kind !== 'link' || !aggregate.state.placement) return [];
  return [aggregate.state.placement.client_id, aggregate.state.placement.server_id];
}

function linkGroupOf(aggregate: Aggregate | undefined): string | undefined {
  return aggregate?.kind === 'link' ? aggregate.state.request.link_group : undefined;
}
