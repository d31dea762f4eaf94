import { AGENT_ID, ANSWERS, CONNECTION_ID, FAILOVER_ID, POLICY_NAME } from './example-answers.ts';

/** A call, as the OpenAPI document names it. */
export interface Route {
  readonly path: string;
  readonly method: string;
}

export interface Example {
  /** Path and query parameters, by name. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** Bodies by media type. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Answers, by the name of their schema. */
  readonly answers: Readonly<Record<string, unknown>>;
}

const JSON_BODY = 'application/json';

/** Of what a path begins with: what its parameter is. */
const PARAMETERS_OF: readonly [string, Record<string, string>][] = [
  ['/api/v1/connections/{id}', { id: CONNECTION_ID }],
  ['/api/v1/agents/{id}', { id: AGENT_ID }],
  ['/api/v1/failovers/{id}', { id: FAILOVER_ID }],
  ['/api/v1/policies/{name}', { name: POLICY_NAME }],
];
const QUERIES: Readonly<Record<string, Record<string, string | number>>> = {
  'get /api/v1/connections': {
    limit: 50,
    status: 'active',
    kind: 'link',
    client_id: 'bank-client-1',
    server_id: 'scheme-server-2',
    broker_id: 'broker-us-1',
    phase: 'active',
    home_region: 'east',
    sort: 'connection_id',
  },
  'get /api/v1/agents': { limit: 50, kind: 'server-sidecar', status: 'alive', control_region: 'west' },
  'get /api/v1/failovers': {
    limit: 50,
    connection_id: CONNECTION_ID,
    reason: 'peer-lost',
    from: 'scheme-server-1',
    to: 'scheme-server-2',
    since: '2026-01-01T00:00:00Z',
    until: '2026-01-02T00:00:00Z',
  },
};
const BODIES: Readonly<Record<string, Record<string, unknown>>> = {
  'post /api/v1/connections/{id}/failover': { [JSON_BODY]: { reason: 'maintenance', planned: true } },
  'post /api/v1/agents/{id}/drain': { [JSON_BODY]: { reason: 'patch day' } },
  'post /api/v1/failovers/{id}/approve': { [JSON_BODY]: { reason: 'the data centre is really gone' } },
  'post /api/v1/freeze': { [JSON_BODY]: { until: '2099-01-01T06:00:00Z', reason: 'settlement' } },
  'put /api/v1/policies/{name}': {
    [JSON_BODY]: { settings: { damping_max_moves: 3 }, server_group: 'scheme', reason: 'calm' },
  },
  'post /api/v1/events': {
    'application/cloudevents+json': {
      specversion: '1.0',
      id: '0b9f4e3c',
      source: '/monitoring/probe-7',
      type: 'trunkline.connection-lost.v1',
      data: {
        connection_id: CONNECTION_ID,
        home_region: 'east',
        client_id: 'bank-client-1',
        epoch: 2,
        reason: 'peer-reset',
        observed_by: 'probe-7',
      },
    },
  },
};

/** What a call may look like; each is made by a test. */
export function exampleOf({ path, method }: Route): Example {
  const name = `${method} ${path}`;
  const [, ofPath] = PARAMETERS_OF.find(([begin]) => path.startsWith(begin)) ?? [];
  return {
    parameters: { ...ofPath, ...QUERIES[name] },
    ...(BODIES[name] && { body: BODIES[name] }),
    answers: ANSWERS,
  };
}
