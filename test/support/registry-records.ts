import type { AgentDecision, LinkDecision, RegionDecision } from '#libs/contracts';
import type { DecisionRecord } from '#libs/registry';
import { keyOfDecision, linkDecision } from './decisions.ts';

export const NOW_MS = Date.parse('2026-01-01T00:00:00.000Z');

/** A decision on a link as the projector hands it to the registry. */
export function decision(id: string, version: number, data: Partial<LinkDecision> = {}): DecisionRecord {
  return record('connection-activated', linkDecision(id, version, data));
}

export function record(name: string, data: LinkDecision | AgentDecision | RegionDecision): DecisionRecord {
  const key = keyOfDecision(data);
  return {
    key,
    event_id: `${key}/${data.version}`,
    name,
    version: data.version,
    timeMs: NOW_MS,
    partition: 0,
    offset: data.version,
    data,
    dataJson: JSON.stringify(data),
  };
}

/** What a server sidecar last reported. */
export const load = (agent_id: string, last_heartbeat: string, incarnation = 'life-1') => ({
  agent_id,
  last_heartbeat,
  incarnation,
  kind: 'server-sidecar',
  control_region: 'west',
  location: 'berlin',
  address: '127.0.0.1:28583',
  capacity: 10,
  connections: 3,
  draining: false,
  software_version: '0.1.0',
  interval_ms: 5_000,
  health_score: 97.5,
});
