import { randomUUID } from 'node:crypto';
import { decisionEvent, linkDecision, regionDecision } from '../../support/decisions.ts';
import { healthReport } from '../../support/health-reports.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type RestWorld, TOKEN, WRITER } from './world.ts';

export const CONNECTION_ID = 'bank-client-1:primary';
const AGENT_ID = 'scheme-server-1';

/** What the examples of the OpenAPI document speak of: a link that is held back, an agent, a policy, a freeze. */
export async function seedExamples(world: RestWorld): Promise<void> {
  const [region] = world.regions;
  const topic = world.topic('controllerEvents');
  const failover = {
    failover_id: `${CONNECTION_ID}~3`,
    from: AGENT_ID,
    reason: 'server-lost' as const,
    detected_at: '2026-01-01T00:00:02.500Z',
  };
  const suppressed = {
    reason: 'blast-radius' as const,
    what: 'failover' as const,
    cause: 'scheme/servers-lost',
    values: { moved: 3 },
  };
  const decided = (version: number, more: object = {}) =>
    linkDecision(CONNECTION_ID, version, { home_region: region, server_id: AGENT_ID, ...more });
  const held = decided(3, { status: 'failed', phase: 'suppressed', failover, suppressed });
  const policy = { policy_name: 'scheme', setting_version: 1, settings: { damping_max_moves: 3 } };
  await world.claim();
  await world.log.publish([
    decisionEvent(topic, WRITER, decided(1)),
    decisionEvent(topic, WRITER, decided(2)),
    decisionEvent(topic, WRITER, held, 'failover-suppressed'),
    decisionEvent(topic, WRITER, regionDecision(region, 1, policy), 'policy-changed'),
    decisionEvent(topic, WRITER, regionDecision(region, 2), 'freeze-changed'),
    {
      topic: world.topic('healthReports'),
      key: AGENT_ID,
      id: randomUUID(),
      type: 'health-report',
      source: '/test/agent',
      data: healthReport({
        agent_id: AGENT_ID,
        kind: 'server-sidecar',
        control_region: region,
        server_group: 'scheme',
      }),
    },
  ]);
  const there = async (path: string) => (await world.get(path, '/api/v1', TOKEN)).status === 200;
  for (const path of [`/failovers/${CONNECTION_ID}~3`, `/agents/${AGENT_ID}`, '/policies/scheme']) {
    await waitFor(() => there(path), { what: path });
  }
  await waitFor(async () => (await world.get('/freeze', '/api/v1', TOKEN)).body.until !== undefined, {
    what: 'the freeze',
  });
}
