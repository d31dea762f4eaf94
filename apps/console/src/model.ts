/**
 * The JSON of the REST interface as the page reads it; `docs/rest.md` and `/openapi.json` describe it. No DOM in here: the
 * stage that stands in for a controller makes its answers by these types as well.
 */

export const CONNECTION_STATUSES = ['requested', 'active', 'migrating', 'failed', 'closed'] as const;
export type ConnectionStatus = (typeof CONNECTION_STATUSES)[number];
export const CONNECTION_KINDS = ['link', 'session'] as const;
export const AGENT_KINDS = ['client-sidecar', 'server-sidecar', 'broker'] as const;
export const AGENT_STATUSES = ['alive', 'suspect', 'lost'] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

/** What `limit` of a list may be at most. */
export const PAGE_LIMIT = 500;

/** One of the named figures of evidence, parts and policies. */
export type Figure = string | number | boolean;

export interface Page<T> {
  items: T[];
  /** Absent on the last page. */
  next_cursor?: string;
}

export interface Connection {
  connection_id: string;
  kind: string;
  status: string;
  phase: string;
  epoch: number;
  version: number;
  home_region: string;
  client_id?: string;
  server_id?: string;
  broker_id?: string;
  failover_target?: string;
  /** 0 to 100; absent as of a past moment. */
  health_score?: number;
  /** RFC 3339, as every time here. */
  last_heartbeat?: string;
  updated_at: string;
}

/** One decision on a connection. `data` is the decision as it stands in the log. */
export interface ConnectionEvent {
  event_id: string;
  type: string;
  time: string;
  partition: number;
  offset: number;
  data: Record<string, unknown>;
}

/** A decision as the live stream tells it: on a connection, an agent or a region's settings. */
export interface LiveEvent extends ConnectionEvent {
  region: string;
  connection_id?: string;
  agent_id?: string;
}

export interface Agent {
  agent_id: string;
  kind?: string;
  control_region?: string;
  location?: string;
  server_group?: string;
  address?: string;
  capacity?: number;
  /** How many it carries. */
  connections?: number;
  draining: boolean;
  /** `unknown` is the page's own word, for a past moment: reports are not kept. */
  status: AgentStatus | 'unknown';
  health_score?: number;
  last_heartbeat?: string;
  software_version?: string;
  incarnation?: string;
  version?: number;
  updated_at?: string;
}

export interface Suppressed {
  reason: 'damping' | 'agent-flapping' | 'blast-radius' | 'freeze';
  what: 'failover' | 'planned-move' | 'failback';
  /** When it is looked at again; absent: when an operator approves. */
  until?: string;
  /** What an approval lets go, all links together. */
  cause?: string;
  values?: Record<string, number>;
}

export interface Failover {
  failover_id: string;
  connection_id: string;
  from?: string;
  to?: string;
  reason: string;
  detected_at: string;
  decided_at?: string;
  commanded_at?: string;
  active_at?: string;
  /** It is called for and held back. */
  suppressed?: Suppressed;
}

export interface Evidence {
  type: string;
  topic?: string;
  partition?: number;
  offset?: number;
  event_id?: string;
  time?: string;
  values?: Record<string, Figure>;
  agent_id?: string;
  data?: Record<string, unknown>;
}

export interface Candidate {
  agent_id: string;
  /** Absent when excluded. */
  score?: number;
  terms?: Record<string, number>;
  excluded?: string;
}

export interface ExplainedCommand {
  command_id: string;
  name: string;
  agent_id: string;
  /** Absent: it waits for its answer. */
  outcome?: string;
  reason?: string;
}

export interface StepTimes {
  detected_at?: string;
  decided_at: string;
  commanded_at?: string;
  acknowledged_at?: string;
  active_at?: string;
}

export interface ExplainedStep {
  step: number;
  event_id: string;
  type: string;
  time: string;
  partition: number;
  offset: number;
  phase: string;
  epoch: number;
  reason: string;
  text: string;
  evidence: Evidence[];
  rule: string;
  policy_version: number;
  policy?: string;
  failover_id?: string;
  candidates?: Candidate[];
  suppressed?: Suppressed;
  commands: ExplainedCommand[];
  times: StepTimes;
}

export interface FirstCause {
  event_id: string;
  reason: string;
  detail?: string;
  agent_id?: string;
  text: string;
}

export interface WhyNot {
  question: string;
  answer: string;
  reason: string;
  since?: string;
  until?: string;
  policy?: string;
}

export interface Explanation {
  connection_id: string;
  kind: 'link' | 'session';
  at: string;
  status: string;
  phase: string;
  epoch: number;
  version: number;
  client_id?: string;
  server_id?: string;
  broker_id?: string;
  summary: string;
  first_cause: FirstCause;
  causes: ExplainedStep[];
  omitted?: number;
  complete: boolean;
  why_not: WhyNot[];
}

export interface HealthPoint {
  time: string;
  health_score: number;
  /** Milliseconds. */
  round_trip_ms?: number;
}

/** The last hour at most, oldest first. */
export interface HealthHistory {
  connection_id: string;
  items: HealthPoint[];
}

export interface DeadLetter {
  topic: string;
  partition: number;
  offset: number;
  time: string;
  reason: string;
  origin: { topic: string; partition: number; offset: number };
  key?: string;
  type?: string;
  size_bytes: number;
  /** Shown to operators only. */
  value_preview?: string;
}

export interface PartStatus {
  part: string;
  ready: boolean;
  details: Record<string, Figure>;
}

export interface TopicLag {
  topic: string;
  partitions: number;
  records: number;
  worst: number;
}

export interface CertificateStatus {
  what: string;
  name: string;
  not_before: string;
  not_after: string;
}

export interface Status {
  now: string;
  started_at: string;
  region: string;
  regions: string[];
  software_version: string;
  node_version: string;
  parts: PartStatus[];
  lag: TopicLag[];
  registry: {
    state: string;
    progress?: { partitions: number; of: number; done: number; total: number };
  };
  certificates: CertificateStatus[];
  access: {
    reads_open: boolean;
    shared_token: boolean;
    keys?: { issuer: string; state: string; age_ms?: number };
  };
  /** Whom the controller takes the page for. */
  asked_by: { subject: string; roles: string[]; named: boolean };
}

export interface Accepted {
  /** `ce_id` of the fact. */
  event_id: string;
}

/** How well something is; every colour and shape of the page goes by these four. */
export const HEALTHS = ['ok', 'warn', 'bad', 'idle'] as const;
export type Health = (typeof HEALTHS)[number];
