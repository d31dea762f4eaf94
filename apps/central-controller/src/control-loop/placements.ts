import type { Aggregate } from './aggregate.ts';

interface Placed {
  readonly connections: Set<string>;
  /** Links of each link group. */
  readonly linkGroups: Record<string, number>;
}

/**
 * Which connections this process has placed on each agent, over all its partitions: commanded and not
 * over. A health report is up to an interval old; choices count these beside it.
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

  connectionsOn(agentId: string): ReadonlySet<string> {
    return this.byAgent.get(agentId)?.connections ?? NONE;
  }

  /** How many links of each link group stand on it; the value changes with the placements. */
  linkGroupsOn(agentId: string): Readonly<Record<string, number>> {
    return this.on(agentId).linkGroups;
  }

  private add(agentId: string, key: string, group: string | undefined): void {
    const { connections, linkGroups } = this.on(agentId);
    connections.add(key);
    if (group !== undefined) linkGroups[group] = (linkGroups[group] ?? 0) + 1;
  }

  private remove(agentId: string, key: string, group: string | undefined): void {
    const { connections, linkGroups } = this.on(agentId);
    connections.delete(key);
    if (group === undefined) return;
    const left = (linkGroups[group] ?? 0) - 1;
    if (left > 0) linkGroups[group] = left;
    else delete linkGroups[group];
  }

  private on(agentId: string): Placed {
    const found = this.byAgent.get(agentId) ?? { connections: new Set(), linkGroups: Object.create(null) };
    this.byAgent.set(agentId, found);
    return found;
  }
}

const NONE: ReadonlySet<string> = new Set();

function agentsOf(aggregate: Aggregate | undefined): string[] {
  if (aggregate?.kind !== 'link' || !aggregate.state.placement) return [];
  return [aggregate.state.placement.client_id, aggregate.state.placement.server_id];
}

function linkGroupOf(aggregate: Aggregate | undefined): string | undefined {
  return aggregate?.kind === 'link' ? aggregate.state.request.link_group : undefined;
}
