import type { RedisClient, RedisCommand } from './client.ts';
import { chunks, pushRow } from './decisions.ts';
import { type HealthPoint, textOfPoint } from './health.ts';
import { KEYS } from './keys.ts';
import { REGISTRY_LIMITS } from './limits.ts';

/** What an agent's latest report says of itself. */
export interface AgentLoad {
  readonly agent_id: string;
  readonly last_heartbeat: string;
  readonly incarnation: string;
  readonly kind: string;
  readonly control_region: string;
  readonly location: string;
  readonly server_group?: string;
  readonly address: string;
  readonly capacity: number;
  readonly connections: number;
  readonly draining: boolean;
  readonly software_version: string;
  readonly interval_ms: number;
  readonly lease_ms?: number;
  readonly health_score: number;
}

/** What an agent's latest report says of one connection. */
export interface ConnectionBeat {
  readonly connection_id: string;
  readonly last_heartbeat: string;
  readonly health_score: number;
  /** What was reported since the last time, oldest first; what `isNewPoint` leaves out may be missing, all of it as well. */
  readonly points: readonly HealthPoint[];
}

/**
 * Takes what was reported; the newest wins, whatever order it comes in.
 * @returns connections that have no row yet: nothing of them was taken
 */
export async function applyReports(
  client: RedisClient,
  agents: readonly AgentLoad[],
  connections: readonly ConnectionBeat[],
): Promise<string[]> {
  const size = client.clustered ? 1 : REGISTRY_LIMITS.rowsPerCall;
  const portions = chunks(connections, size);
  const commands: RedisCommand[] = [
    ...portions.map(connectionsCall),
    ...chunks(agents, size).map(agentsCall),
  ];
  const ids = agents.flatMap(({ agent_id }) => [0, agent_id]);
  if (ids.length > 0) commands.push(['zadd', KEYS.allAgents, ...ids]);
  const answers = (await client.run(commands)) as number[][];
  return portions.flatMap((portion, i) =>
    (answers[i] ?? []).flatMap((number) => portion[number - 1]?.connection_id ?? []),
  );
}

function agentsCall(agents: readonly AgentLoad[]): RedisCommand {
  const args: (string | number)[] = [];
  for (const { agent_id, last_heartbeat, draining, ...load } of agents) {
    args.push(last_heartbeat);
    pushRow(args, {
      ...load,
      server_group: load.server_group,
      lease_ms: load.lease_ms,
      reports_draining: String(draining),
    });
  }
  return ['applyAgentReports', agents.length, ...agents.map((agent) => KEYS.agent(agent.agent_id)), ...args];
}

function connectionsCall(beats: readonly ConnectionBeat[]): RedisCommand {
  const keys: string[] = [];
  const args: (string | number)[] = [REGISTRY_LIMITS.healthPoints, REGISTRY_LIMITS.healthLifeMs];
  for (const { connection_id, last_heartbeat, health_score, points } of beats) {
    keys.push(KEYS.connection(connection_id));
    if (points.length > 0) keys.push(KEYS.connectionHealth(connection_id));
    args.push(last_heartbeat, health_score, points.length);
    for (const point of points) args.push(textOfPoint(point));
  }
  return ['applyConnectionReports', keys.length, ...keys, ...args];
}
