import { TIMING } from '#libs/contracts';
import type { RedisClient } from './client.ts';
import { listNamed, type Page, type PageRequest } from './cursor.ts';
import { filteredPage, fits, isEmpty } from './filtered-page.ts';
import { KEYS } from './keys.ts';
import { REGISTRY_LIMITS } from './limits.ts';
import { rowOf } from './rows.ts';

export type AgentStatus = 'alive' | 'suspect' | 'lost';

export interface AgentView {
  readonly agent_id: string;
  readonly kind?: string;
  readonly control_region?: string;
  readonly location?: string;
  readonly server_group?: string;
  readonly address?: string;
  readonly capacity?: number;
  readonly connections?: number;
  readonly draining: boolean;
  readonly status: AgentStatus;
  readonly health_score?: number;
  readonly last_heartbeat?: string;
  readonly software_version?: string;
  readonly incarnation?: string;
  /** Of the decision on the agent that it was folded to; absent: none was made. */
  readonly version?: number;
  readonly updated_at?: string;
}

/** Every member given must be so. */
export type AgentFilter = Partial<Pick<AgentView, 'kind' | 'status' | 'control_region'>>;

const LIST = 'agents';
/** Agents looked at in one go by a list with a filter. */
const STRIDE = 500;
/** An agent that missed so many reports is suspect. */
const MISSED_REPORTS = 3;

export async function listAgents(
  client: RedisClient,
  request: PageRequest,
  nowMs: number,
  filter: AgentFilter = {},
): Promise<Page<AgentView>> {
  const list = listNamed(LIST, filter);
  return filteredPage(
    { list, request, scanned: REGISTRY_LIMITS.agentsScanned, stride: isEmpty(filter) ? undefined : STRIDE },
    async (from, count) => {
      const [ids] = await client.run([['zrangebylex', KEYS.allAgents, from, '+', 'LIMIT', 0, count]]);
      return ids as string[];
    },
    async (ids) => {
      const rows = await client.run(ids.map((id) => ['hgetall', KEYS.agent(id)]));
      return rows.map((row, i) => {
        const view = agentView(ids[i] as string, row as Record<string, string>, nowMs);
        return view && fits(filter, view) ? view : undefined;
      });
    },
  );
}

export async function oneAgent(
  client: RedisClient,
  id: string,
  nowMs: number,
): Promise<AgentView | undefined> {
  const [row] = await client.run([['hgetall', KEYS.agent(id)]]);
  return agentView(id, row as Record<string, string>, nowMs);
}

function agentView(id: string, fields: Record<string, string>, nowMs: number): AgentView | undefined {
  if (fields.status === undefined) return undefined;
  const row = rowOf(fields);
  return row.defined({
    agent_id: id,
    kind: row.text('kind'),
    control_region: row.text('control_region'),
    location: row.text('location'),
    server_group: row.text('server_group'),
    address: row.text('address'),
    capacity: row.number('capacity'),
    connections: row.number('connections'),
    draining: row.text('draining') === 'true',
    status: statusOf(fields, nowMs),
    health_score: row.number('health_score'),
    last_heartbeat: row.text('last_heartbeat'),
    software_version: row.text('software_version'),
    incarnation: row.text('incarnation'),
    version: row.number('version'),
    updated_at: row.text('updated_at'),
  });
}

/** Lost is decided; suspect is how old the last report is, now. */
function statusOf(fields: Record<string, string>, nowMs: number): AgentStatus {
  if (fields.status === 'lost') return 'lost';
  const age = nowMs - Date.parse(fields.last_heartbeat ?? '');
  return age <= MISSED_REPORTS * Number(fields.interval_ms ?? TIMING.reportIntervalMs) ? 'alive' : 'suspect';
}
