import { getJson } from '../../support/http.ts';
import type { Stack } from '../../support/stack.ts';
import { CONTROLLER, eventsOf } from './spine.ts';

type Item = Record<string, unknown>;

/** All that REST shows of the registry at one time. */
export interface RegistryPicture {
  readonly connections: readonly Item[];
  readonly agents: readonly Item[];
  readonly failovers: readonly Item[];
  /** Decisions of each connection, oldest first, by its id. */
  readonly events: Readonly<Record<string, readonly unknown[]>>;
}

/** @throws Error when a list is not answered with 200, e.g. while the registry is being rebuilt. */
export async function takePicture(stack: Stack): Promise<RegistryPicture> {
  const [connections, failovers, agents] = await Promise.all([
    itemsOf(stack, '/connections'),
    itemsOf(stack, '/failovers'),
    itemsOf(stack, '/agents'),
  ]);
  const events: Record<string, readonly unknown[]> = {};
  for (const { connection_id } of connections) {
    events[String(connection_id)] = await eventsOf(stack, String(connection_id));
  }
  return { connections, agents, failovers, events };
}

async function itemsOf(stack: Stack, path: string): Promise<Item[]> {
  const { status, body } = await getJson(stack.url(CONTROLLER, `/api/v1${path}?limit=500`));
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  return body.items;
}

/** Members that health reports keep changing, without a decision. */
const BY_REPORTS = ['last_heartbeat', 'health_score', 'connections', 'status', 'updated_at'];

/**
 * What of the earlier picture the later one lacks or tells otherwise, though no decision lies between: the world goes
 * on while a registry is rebuilt, so rows of a later version, and agents of a later life, may differ.
 */
export function lostFrom(before: RegistryPicture, after: RegistryPicture): string[] {
  const unmoved = new Set<unknown>();
  const lost: string[] = [];
  for (const row of before.connections) {
    const id = String(row.connection_id);
    const now = after.connections.find(({ connection_id }) => connection_id === id);
    if (now === undefined || Number(now.version) < Number(row.version)) lost.push(`connection ${id}`);
    else if (now.version === row.version) {
      unmoved.add(id);
      lost.push(...differences(`connection ${id}`, row, now));
    }
    const [was, is] = [before.events[id] ?? [], after.events[id] ?? []];
    if (JSON.stringify(is.slice(0, was.length)) !== JSON.stringify(was)) lost.push(`events of ${id}`);
  }
  for (const row of before.agents) {
    const now = after.agents.find(({ agent_id }) => agent_id === row.agent_id);
    if (now === undefined) lost.push(`agent ${row.agent_id}`);
    else if (now.incarnation === row.incarnation && now.version === row.version)
      lost.push(...differences(`agent ${row.agent_id}`, row, now));
  }
  for (const row of before.failovers) {
    const now = after.failovers.find(({ failover_id }) => failover_id === row.failover_id);
    if (now === undefined) lost.push(`failover ${row.failover_id}`);
    else if (unmoved.has(row.connection_id))
      lost.push(...differences(`failover ${row.failover_id}`, row, now));
  }
  return lost;
}

function differences(what: string, before: Item, after: Item): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !BY_REPORTS.includes(name))
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => `${what}: ${name} ${JSON.stringify(before[name])} → ${JSON.stringify(after[name])}`);
}
