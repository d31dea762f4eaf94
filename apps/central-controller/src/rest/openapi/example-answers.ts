export const CONNECTION_ID = 'bank-client-1:primary';
export const AGENT_ID = 'scheme-server-1';
export const FAILOVER_ID = `${CONNECTION_ID}~3`;
export const POLICY_NAME = 'scheme';
const AT = '2026-01-01T03:12:00.000Z';

const connection = {
  connection_id: CONNECTION_ID,
  kind: 'link',
  status: 'active',
  phase: 'active',
  epoch: 2,
  version: 7,
  home_region: 'east',
  client_id: 'bank-client-1',
  server_id: 'scheme-server-2',
  failover_target: 'scheme-server-3',
  health_score: 98.5,
  last_heartbeat: AT,
  updated_at: AT,
};
const agent = {
  agent_id: AGENT_ID,
  kind: 'server-sidecar',
  control_region: 'west',
  location: 'local',
  server_group: 'scheme',
  address: '127.0.0.1:28583',
  capacity: 10,
  connections: 1,
  draining: false,
  status: 'alive',
  health_score: 97.5,
  last_heartbeat: AT,
  software_version: '0.1.0',
  incarnation: '0f6c1c9e-4a5b-4f0e-9f43-6d4d6b0f7a11',
};
const failover = {
  failover_id: FAILOVER_ID,
  connection_id: CONNECTION_ID,
  from: 'scheme-server-1',
  to: 'scheme-server-2',
  reason: 'peer-lost',
  detected_at: '2026-01-01T03:11:59.700Z',
  decided_at: '2026-01-01T03:11:59.900Z',
  commanded_at: '2026-01-01T03:11:59.910Z',
  active_at: AT,
};
const event = {
  event_id: `${CONNECTION_ID}/7`,
  type: 'failover-completed',
  time: AT,
  partition: 3,
  offset: 1_204,
  data: { connection_id: CONNECTION_ID, version: 7, epoch: 2, reason: 'established' },
};
const policy = {
  name: POLICY_NAME,
  control_region: 'east',
  version: 4,
  server_group: 'scheme',
  settings: { damping_max_moves: 3 },
  requested_by: 'alice',
  reason: 'calm',
  updated_at: AT,
};
const freeze = {
  control_region: 'east',
  frozen: true,
  until: '2099-01-01T06:00:00.000Z',
  requested_by: 'alice',
};

const NEXT = 'WyJjb25uZWN0aW9ucyIsImEiXQ';

const status = {
  now: AT,
  started_at: '2026-01-01T00:00:00.000Z',
  region: 'east',
  regions: ['east', 'west'],
  software_version: 'trunkline-central-controller/0.1.0',
  node_version: 'v22.12.0',
  parts: [{ part: 'rest', ready: true, details: { registry: 'whole' } }],
  lag: [{ topic: 'east.controller-events', partitions: 12, records: 0, worst: 0 }],
  registry: { state: 'whole' },
  certificates: [
    {
      what: 'own',
      name: 'spiffe://trunkline/east/central-controller/controller-east',
      not_before: '2025-12-01T00:00:00.000Z',
      not_after: '2026-03-01T00:00:00.000Z',
    },
  ],
  access: {
    reads_open: true,
    shared_token: true,
    keys: { issuer: 'https://login.example', state: 'read', age_ms: 1_200 },
  },
  asked_by: { subject: 'alice', roles: ['viewer', 'operator'], named: true },
};
const deadLetter = {
  topic: 'east.connection-status.dead-letter',
  partition: 3,
  offset: 7,
  time: AT,
  reason: 'broken-json',
  origin: { topic: 'east.connection-status', partition: 3, offset: 90_210 },
  key: CONNECTION_ID,
  type: 'trunkline.connection-lost.v1',
  size_bytes: 21,
};

const explanation = {
  connection_id: CONNECTION_ID,
  kind: 'link',
  at: AT,
  status: 'active',
  phase: 'active',
  epoch: 2,
  version: 7,
  client_id: 'bank-client-1',
  server_id: 'scheme-server-2',
  summary: 'It was moved from scheme-server-1 to scheme-server-2, because bank-client-1 lost its path.',
  first_cause: {
    event_id: `${CONNECTION_ID}/6`,
    reason: 'peer-lost',
    detail: 'keepalive-timeout',
    agent_id: 'scheme-server-1',
    text: 'bank-client-1 heard nothing more of scheme-server-1.',
  },
  causes: [
    {
      step: 1,
      event_id: `${CONNECTION_ID}/6`,
      type: 'failover-decided',
      time: AT,
      partition: 3,
      offset: 1_203,
      phase: 'activating',
      epoch: 2,
      reason: 'peer-lost',
      text: 'bank-client-1 lost its path: scheme-server-2 was chosen.',
      evidence: [
        {
          type: 'connection-lost',
          topic: 'east.connection-status',
          partition: 3,
          offset: 90_210,
          event_id: '0b9f4e3c',
          time: AT,
          agent_id: 'bank-client-1',
        },
      ],
      rule: 'link/1',
      policy_version: 0,
      candidates: [{ agent_id: 'scheme-server-2', score: 97.5, terms: { load: -2.5 } }],
      commands: [
        {
          command_id: `${CONNECTION_ID}/6/1`,
          name: 'connect',
          agent_id: 'bank-client-1',
          outcome: 'succeeded',
        },
      ],
      times: { detected_at: AT, decided_at: AT, commanded_at: AT, acknowledged_at: AT, active_at: AT },
    },
  ],
  complete: true,
  why_not: [],
};

/** What answers may look like, by the name of their schema. */
export const ANSWERS: Readonly<Record<string, unknown>> = {
  Connection: connection,
  ConnectionPage: { items: [connection], next_cursor: NEXT },
  ConnectionHealth: {
    connection_id: CONNECTION_ID,
    items: [
      { time: '2026-01-01T03:10:00.000Z', health_score: 98.5, round_trip_ms: 61.4 },
      { time: '2026-01-01T03:11:00.000Z', health_score: 98.5, round_trip_ms: 60.9 },
      { time: '2026-01-01T03:11:35.000Z', health_score: 71.5, round_trip_ms: 240 },
    ],
  },
  ConnectionEventPage: { items: [event] },
  Agent: agent,
  AgentPage: { items: [agent] },
  Failover: failover,
  FailoverPage: { items: [failover] },
  Policy: policy,
  PolicyList: { items: [policy] },
  Freeze: { ...freeze, regions: [freeze, { control_region: 'west', frozen: false }] },
  Status: status,
  DeadLetterPage: { items: [deadLetter] },
  ConnectionExplanation: explanation,
  Accepted: { event_id: '6f9ad1a2-5d02-4c4b-a0a3-2f1f3a6f4d10' },
  PolicyAccepted: { event_id: '6f9ad1a2-5d02-4c4b-a0a3-2f1f3a6f4d10', version: 5 },
};
