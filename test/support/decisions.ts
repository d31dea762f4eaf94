import type { AgentDecision, LinkDecision, RegionDecision, ReservationDecision } from '#libs/contracts';
import { claimKey, regionKey, WRITER_CLAIMED } from '#libs/contracts';
import type { OutgoingEvent } from '#libs/log';

/** Whose records count: the writer of a claim. */
export interface Writer {
  readonly writer_epoch: number;
  readonly writer_id: string;
}

const DECIDED_AT_MS = Date.parse('2026-01-01T00:00:00.000Z');

/** A link decision with plausible values, changed where a test says so. */
export function linkDecision(id: string, version: number, data: Partial<LinkDecision> = {}): LinkDecision {
  const [client_id = ''] = id.split(':');
  return {
    connection_id: id,
    kind: 'link',
    home_region: 'east',
    version,
    epoch: 1,
    status: 'active',
    phase: 'active',
    client_id,
    server_id: 'server-1',
    reason: 'established',
    evidence: [],
    rule: 'link/1',
    policy_version: 1,
    commands: [],
    decided_at: new Date(DECIDED_AT_MS + version * 1_000).toISOString(),
    ...data,
  };
}

export function agentDecision(id: string, version: number, incarnation: string): AgentDecision {
  return {
    agent_id: id,
    incarnation,
    control_region: 'east',
    version,
    epoch: 1,
    reason: 'agent-silent',
    evidence: [],
    rule: 'agent/1',
    policy_version: 1,
    commands: [],
    decided_at: new Date(DECIDED_AT_MS).toISOString(),
  };
}

/** What the peer `west` holds ready for a connection of `east`. */
export function reservationDecision(
  id: string,
  version: number,
  data: Partial<ReservationDecision> = {},
): ReservationDecision {
  const [client_id = ''] = id.split(':');
  return {
    connection_id: id,
    kind: 'reservation',
    home_region: 'west',
    requesting_region: 'east',
    client_id,
    server_group: 'scheme',
    server_id: 'server-2',
    version,
    epoch: version,
    reason: 'reserved',
    evidence: [],
    rule: 'reservation/1',
    policy_version: 0,
    commands: [],
    decided_at: new Date(DECIDED_AT_MS + version * 1_000).toISOString(),
    ...data,
  };
}

/** What an operator set for a control region; a freeze until six in the morning unless a test says so. */
export function regionDecision(
  control_region: string,
  version: number,
  data: Partial<RegionDecision> = { until: '2026-01-01T06:00:00.000Z' },
): RegionDecision {
  return {
    control_region,
    requested_by: 'operator',
    setting_version: version,
    event_id: `fact-${version}`,
    version,
    epoch: 1,
    reason: 'operator-request',
    evidence: [],
    rule: 'region/1',
    policy_version: 0,
    commands: [],
    decided_at: new Date(DECIDED_AT_MS + version * 1_000).toISOString(),
    ...data,
  };
}

/** The key of any decision's record. */
export function keyOfDecision(
  data: LinkDecision | AgentDecision | ReservationDecision | RegionDecision,
): string {
  if ('connection_id' in data) return data.connection_id;
  return 'agent_id' in data ? data.agent_id : regionKey(data.control_region);
}

/** A decision as a control loop would write it to the log. */
export function decisionEvent(
  topic: string,
  writer: Writer,
  data: LinkDecision | AgentDecision | ReservationDecision | RegionDecision,
  type = 'connection_id' in data ? 'connection-activated' : 'agent-lost',
): OutgoingEvent {
  const key = keyOfDecision(data);
  return { ...written(topic, writer), key, id: `${key}/${data.version}`, type, data, time: data.decided_at };
}

export function claimEvent(topic: string, partition: number, writer: Writer): OutgoingEvent {
  const key = claimKey(writer.writer_epoch);
  const id = `${key}/${writer.writer_id}`;
  return { ...written(topic, writer), partition, key, id, type: WRITER_CLAIMED, data: { ...writer } };
}

function written(topic: string, writer: Writer) {
  return {
    topic,
    source: '/test/control-loop',
    headers: { writer_epoch: String(writer.writer_epoch), writer_id: writer.writer_id },
  };
}
