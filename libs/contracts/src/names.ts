/**
 * Names that other people's programs rely on. They are said here once; nothing else in the project
 * spells a topic, a key or a protocol name out.
 */

/** Topics without their control region's name. */
export const TOPIC = {
  connectionStatus: 'connection-status',
  healthReports: 'health-reports',
  controllerEvents: 'controller-events',
  connectionState: 'connection-state',
  failoverCommands: 'failover-commands',
  relayCommands: 'relay-commands',
} as const;

export type TopicBase = (typeof TOPIC)[keyof typeof TOPIC];

export const DEAD_LETTER_SUFFIX = '.dead-letter';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface TopicSettings {
  readonly cleanupPolicy: 'delete' | 'compact';
  /** How long records are kept, in milliseconds; -1: for ever. */
  readonly retentionMs: number;
}

/** How each topic is kept (topics with a dead-letter topic beside them say so). */
export const TOPIC_SETTINGS: Record<TopicBase, TopicSettings & { readonly deadLetter: boolean }> = {
  'connection-status': { cleanupPolicy: 'delete', retentionMs: 7 * DAY_MS, deadLetter: true },
  'health-reports': { cleanupPolicy: 'delete', retentionMs: DAY_MS / 24, deadLetter: true },
  'controller-events': { cleanupPolicy: 'delete', retentionMs: -1, deadLetter: false },
  'connection-state': { cleanupPolicy: 'compact', retentionMs: -1, deadLetter: false },
  'failover-commands': { cleanupPolicy: 'delete', retentionMs: DAY_MS, deadLetter: false },
  'relay-commands': { cleanupPolicy: 'delete', retentionMs: DAY_MS, deadLetter: false },
};

export const DEAD_LETTER_SETTINGS: TopicSettings = { cleanupPolicy: 'delete', retentionMs: 14 * DAY_MS };

/** Partitions of every keyed topic in every region, for ever. */
export const DEFAULT_PARTITIONS = 12;

/** `east.connection-status` of region `east` and base `connection-status`. */
export function topicName(region: string, base: TopicBase): string {
  return `${region}.${base}`;
}

export function deadLetterTopic(topic: string): string {
  return `${topic}${DEAD_LETTER_SUFFIX}`;
}

/** The control region a topic belongs to: what stands before its first dot. */
export function regionOfTopic(topic: string): string {
  return topic.slice(0, topic.indexOf('.'));
}

/** A topic without its control region's name: what stands behind its first dot. */
export function baseOfTopic(topic: string): string {
  return topic.slice(topic.indexOf('.') + 1);
}

export const AGENT_KINDS = ['broker', 'client-sidecar', 'server-sidecar'] as const;
export type AgentKind = (typeof AGENT_KINDS)[number];
export type ProgramKind = AgentKind | 'central-controller';

/** The identity a program's certificate carries as its URI subject alternative name. */
export function spiffeId(region: string, kind: ProgramKind, id: string): string {
  return `spiffe://trunkline/${region}/${kind}/${id}`;
}

/** The identity of a person's or an endpoint's certificate, which belongs to no region. */
export function endpointSpiffeId(id: string): string {
  return `spiffe://trunkline/endpoint/${id}`;
}

export const ALPN_LINK = 'trunkline-link/1';
/** What a guest's identity begins with; the hash of its public key follows. */
export const GUEST_PREFIX = 'guest-';
/** The policy that all sessions of a region go by, when there is one of that name. */
export const SESSION_POLICY = 'sessions';
/** An endpoint whose certificate has a chain. */
export const ALPN_SESSION = 'trunkline/1';
/** An endpoint with a self-signed key of its own making. */
export const ALPN_GUEST = 'trunkline-guest/1';

export const CLOUD_EVENTS_VERSION = '1.0';
/** `trunkline.<name>.v<version>`. */
export const MESSAGE_TYPE_PREFIX = 'trunkline.';
export const MESSAGE_VERSION = 1;

export function messageType(name: string): string {
  return `${MESSAGE_TYPE_PREFIX}${name}.v${MESSAGE_VERSION}`;
}

/** Header names beside CloudEvents' own. */
export const HEADER = {
  writerEpoch: 'writer_epoch',
  writerId: 'writer_id',
  causationId: 'ce_causationid',
  correlationId: 'ce_correlationid',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  deadLetterReason: 'dl_reason',
  deadLetterTopic: 'dl_topic',
  deadLetterPartition: 'dl_partition',
  deadLetterOffset: 'dl_offset',
} as const;

/** The key of the record by which an owner claims its partition. */
export function claimKey(writerEpoch: number): string {
  return `claim/${writerEpoch}`;
}

/** The key of facts and decisions on a control region's own settings: policies, freeze, approvals. */
export function regionKey(region: string): string {
  return `region/${region}`;
}

export const CONNECTION_KEY_PREFIX = 'connections:';
export const AGENT_KEY_PREFIX = 'agents:';

/** The braces are written: a Redis Cluster hash tag. */
export function connectionRedisKey(connectionId: string): string {
  return `${CONNECTION_KEY_PREFIX}{${connectionId}}`;
}

export function agentRedisKey(agentId: string): string {
  return `${AGENT_KEY_PREFIX}{${agentId}}`;
}

export const CONNECTION_ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;
/** A session's: `ses_` and a keyed hash of its code, which it does not give away. */
export const SESSION_ID_PATTERN = /^ses_[A-Za-z0-9_-]{16,64}$/;
/** Agent, server group, region and policy names: as connection ids, without the colon that separates them. */
export const NAME_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;
