import { randomUUID } from 'node:crypto';
import {
  DEFAULT_PARTITIONS,
  type FailoverApproved,
  type PolicyChangeRequested,
  type PolicySettings,
  regionKey,
  TOPIC,
  topicName,
} from '#libs/contracts';
import type { Log } from '#libs/log';

const BY = { requested_by: 'bench', reason: 'bench' };
const APPROVED_FOR_MS = 600_000;

/** Links of this server group are never held back by the blast radius. */
export function allowAnyBlast(log: Log, control_region: string, serverGroup: string): Promise<unknown> {
  return setPolicy(log, control_region, serverGroup, { blast_share: 1 });
}

/** Links of this server group, and its servers, may go on as often as a bench moves and restarts them. */
export function allowAnyPace(log: Log, control_region: string, serverGroup: string): Promise<unknown> {
  return setPolicy(log, control_region, serverGroup, {
    damping_max_moves: 32,
    damping_window_ms: 1_000,
    agent_max_restarts: 64,
    agent_window_ms: 1_000,
  });
}

/** What `PUT /policies/{name}` writes. */
function setPolicy(
  log: Log,
  control_region: string,
  serverGroup: string,
  settings: PolicySettings,
): Promise<unknown> {
  const data: PolicyChangeRequested = {
    control_region,
    ...BY,
    policy: serverGroup,
    setting_version: 1,
    server_group: serverGroup,
    settings,
  };
  return publish(log, control_region, 'policy-change-requested', data);
}

/** What `POST /failovers/{id}/approve` writes. */
export function approve(
  log: Log,
  control_region: string,
  failover_id: string,
  cause: string,
): Promise<unknown> {
  const nowMs = Date.now();
  const data: FailoverApproved = {
    control_region,
    ...BY,
    failover_id,
    cause,
    until: new Date(nowMs + APPROVED_FOR_MS).toISOString(),
    setting_version: nowMs,
  };
  return publish(log, control_region, 'failover-approved', data);
}

/** Every partition's decider learns of it, by one id. */
function publish(log: Log, region: string, type: string, data: object): Promise<unknown> {
  const id = randomUUID();
  return log.publish(
    Array.from({ length: DEFAULT_PARTITIONS }, (_, partition) => ({
      topic: topicName(region, TOPIC.connectionStatus),
      key: regionKey(region),
      partition,
      id,
      type,
      source: '/trunkline/bench',
      data,
    })),
  );
}
